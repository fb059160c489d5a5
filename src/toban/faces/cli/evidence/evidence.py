"""`toban evidence`: verify that the evidence is unchanged, here and outside, and send it out."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import click

from toban.engine.evidence import ledger
from toban.engine.evidence.ledger import LedgerHead, Verification
from toban.engine.evidence.models import SentHead, Shipment
from toban.engine.evidence.segments import LEDGER, ChainWalk
from toban.engine.evidence.shipping import NotShipped
from toban.engine.registry.parts import Parts
from toban.faces.cli.evidence.outside import (
    Anchorage,
    Unfound,
    anchorage,
    known_here,
    opened,
    ship,
    walked,
)
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message, message_of
from toban.text import printable_json

_BROKEN, _UNUSABLE = 1, 2
_HEAD = re.compile(r"(?<!\w)(?:(?P<chain>[a-z]+)/)?(?P<number>\d{1,18}):(?P<digest>[0-9a-f]{64})(?!\w)")


@click.group("evidence")
def command() -> None:
    """Work with the append-only ledger: every verdict, notice and change, chained by digests."""
    speak_utf8()


@command.command(
    "verify",
    short_help="Walk the whole chain and name the first broken link.",
    epilog="""\b
Example: toban evidence verify --format json
         toban evidence verify --from s3://audit/shop""",
)
@click.option(
    "--known",
    metavar="N:DIGEST",
    help="A head printed or sent earlier, or the line with it, to hold the chain against.",
)
@click.option(
    "--from", "source", metavar="PLACE", help="What was sent out: a file, a folder, s3://…, a store."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def verify(parts: Parts, known: str | None, source: str | None, form: str) -> None:
    """Check that no entry was changed, removed or reordered.

    The chain alone does not show that all of it was written anew, or that its end was cut off: this shows
    against heads noted outside of Toban: in the bound stores, or sent through the channel of [evidence] and
    passed by --known. Prints the newest one that it holds against, or that there is none. With --from,
    what was sent out can be verified on a machine that runs no Toban.

    \b
    Exit status:
      0  the chain holds, and so does every head that could be read outside
      1  it is broken
      2  the state database, or what was sent out, can't be read
    """
    match = _head_in(known) if known is not None else None
    if known is not None and (match is None or bool(match["chain"]) != bool(source)):
        wanted = Message("evidence.write-chain-and-head" if source else "evidence.write-head")
        raise click.BadParameter(str(wanted), param_hint="--known")
    noted = (match["chain"] or "", int(match["number"]), match["digest"]) if match else None
    if source is not None:
        _verify_outside(parts, source, noted, form)
        return
    with usable_state():
        outside = anchorage(parts, LedgerHead(noted[1], noted[2]) if noted else None)
        found = ledger.verify((*outside.heads, *_shipped_head(), *_sent_heads()))
    say(_json(found, outside) if form == "json" else _text(found, outside))
    if found.broken is not None or outside.broken:
        raise SystemExit(_BROKEN)


@command.command(
    "export",
    short_help="Send what is not outside yet, now.",
    epilog="Example: toban evidence export",
)
@click.pass_obj
def export(parts: Parts) -> None:
    """Send evidence and audit log to the store of [evidence] now, without waiting for the day.

    Prints the heads that are outside. Note them outside of Toban: they show later whether entries were cut
    off at the end.

    \b
    Exit status:
      0  all of it is outside
      1  it could not be sent
      2  no store is bound, or the state database can't be used
    """
    try:
        with usable_state():
            count, heads = ship(parts)
    except NotShipped as trouble:
        refuse(Message("evidence.not-shipped", reason=message_of(trouble)), Message("evidence.check-store"))
        raise SystemExit(_BROKEN) from trouble
    except Unfound as missing:
        refuse(message_of(missing), missing.hint)
        raise SystemExit(_UNUSABLE) from missing
    say(Message("evidence.segments-sent", count=count) if count else Message("evidence.nothing-to-send"))
    for head in heads:
        say(Message("evidence.head", head=head))


def _verify_outside(parts: Parts, source: str, noted: tuple[str, int, str] | None, form: str) -> None:
    try:
        with opened(parts, source) as place:
            known = known_here(place.name)
            if noted is not None:
                known.setdefault(noted[0], {})[noted[1]] = noted[2]
            found = walked(place, known)
    except Unfound as missing:
        refuse(message_of(missing), missing.hint)
        raise SystemExit(_UNUSABLE) from missing
    if form == "json":
        say(printable_json([_as_json(each) for each in found]))
    else:
        for each in found:
            say(_walk_text(each))
    if any(each.broken is not None for each in found):
        raise SystemExit(_BROKEN)


def _shipped_head() -> list[LedgerHead]:
    """Return the newest entry that was sent out, by Toban's own record, which proves nothing to others."""
    sent = Shipment.objects.filter(chain=LEDGER).order_by("-last").first()
    return [LedgerHead(sent.last, sent.line)] if sent is not None else []


def _sent_heads() -> list[LedgerHead]:
    """Return the heads that were sent through channels, by Toban's own record."""
    return [LedgerHead(sent.sequence, sent.digest) for sent in SentHead.objects.all()]


def _head_in(text: str) -> re.Match[str] | None:
    """Return the head in *text*; None if there is none, or more than one."""
    found = list(_HEAD.finditer(text))
    return found[0] if len(found) == 1 else None


def _walk_text(found: ChainWalk) -> str:
    end = f"{found.chain}/{found.tip.number}:{found.tip.digest}"
    if found.broken is None:
        holds = Message(
            "evidence.chain-holds-from" if found.began_at > 1 else "evidence.chain-holds",
            chain=found.chain,
            segments=Message("evidence.segments", count=found.segments),
            lines=Message("evidence.lines", count=found.lines),
            first=found.began_at,
        )
        return f"● {holds}\n{Message('evidence.head', head=end)}"
    return (
        f"■ {found.broken.said}\n{Message('evidence.intact-head', head=end)}\n"
        f"HINT: {Message('evidence.compare-with-store')}"
    )


def _as_json(found: ChainWalk) -> Mapping[str, Any]:
    broken = None
    if found.broken is not None:
        broken = {
            "segment": found.broken.segment,
            "line": found.broken.line,
            "reason": found.broken.reason.as_output(),
        }
    return {
        "chain": found.chain,
        "segments": found.segments,
        "lines": found.lines,
        "head": f"{found.chain}/{found.tip.number}:{found.tip.digest}",
        "broken": broken,
    }


def _text(found: Verification, outside: Anchorage) -> str:
    return "\n".join((*_chain_lines(found, outside), *_outside_lines(found, outside)))


def _chain_lines(found: Verification, outside: Anchorage) -> Iterator[str]:
    if found.broken is None:
        yield f"● {Message('evidence.ledger-holds', count=found.head.sequence)}"
        yield str(Message("evidence.head", head=found.head))
        return
    at = found.broken.sequence
    yield f"■ {Message('evidence.ledger-is-broken', number=at, reason=found.broken.reason)}"
    noted = [each for each in outside.anchors if each.head.sequence == at]
    for each in noted:
        yield str(Message("evidence.noted-in", place=each.place, at=each.at, head=each.head))
    yield str(Message("evidence.intact-head", head=found.head))
    yield f"HINT: {Message('evidence.compare-with-backup')}"
    if noted:
        yield f"HINT: {Message('evidence.give-own-prefix')}"


def _outside_lines(found: Verification, outside: Anchorage) -> Iterator[str]:
    yield from (f"■ {each}" for each in outside.broken)
    yield from (f"? {each}" for each in outside.unread)
    if found.broken is not None or outside.broken:
        return
    newest = outside.newest(found.head)
    if outside.noted is not None:
        yield f"● {Message('evidence.agrees-with-known', number=outside.noted.sequence)}"
    elif newest is None:
        yield f"? {Message('evidence.nothing-outside')}"
        yield f"HINT: {Message('evidence.anchor-outside')}"
    if outside.noted is None:
        for sent in SentHead.objects.order_by("channel"):
            yield f"? {Message('evidence.head-was-sent', channel=sent.channel, day=sent.day)}"
    if newest is None:
        return
    number, at = newest.head.sequence, newest.at
    yield f"● {Message('evidence.proven-outside', number=number, place=newest.place, at=at)}"
    if found.head.sequence > number:
        yield f"? {Message('evidence.not-yet-outside', count=found.head.sequence - number)}"


def _json(found: Verification, outside: Anchorage) -> str:
    broken = None
    if found.broken is not None:
        broken = {"sequence": found.broken.sequence, "reason": found.broken.reason.as_output()}
    newest = outside.newest(found.head) if broken is None and not outside.broken else None
    proven = None
    if newest is not None:
        proven = {"head": str(newest.head), "place": newest.place, "at": newest.at.isoformat()}
    written = {
        "entries": found.head.sequence,
        "head": str(found.head),
        "broken": broken,
        "outside": {
            "proven": proven,
            "unread": [each.as_output() for each in outside.unread],
            "broken": [each.as_output() for each in outside.broken],
        },
    }
    return printable_json(written)
