"""`toban evidence`: verify that the evidence is unchanged, here and outside, and send it out."""

import json
import re
from collections.abc import Mapping
from typing import Any

import click

from toban.engine.evidence import ledger
from toban.engine.evidence.ledger import LedgerHead, Verification
from toban.engine.evidence.models import Shipment
from toban.engine.evidence.segments import LEDGER, ChainWalk
from toban.engine.evidence.shipping import NotShipped
from toban.engine.registry.parts import Parts
from toban.faces.cli.evidence.outside import Unfound, known_here, opened, ship, walked
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say, speak_utf8

_BROKEN, _UNUSABLE = 1, 2
_HEAD = re.compile(r"(?:(?P<chain>[a-z]+)/)?(?P<number>\d+):(?P<digest>[0-9a-f]{64})")


@click.group("evidence")
def command() -> None:
    """Work with the append-only ledger: every verdict, notice and change, chained by digests."""
    speak_utf8()


@command.command(
    "verify",
    short_help="Walk the whole chain and name the first broken link (鎖をすべてたどる).",
    epilog="""\b
Example: toban evidence verify --format json
         toban evidence verify --from s3://audit/shop""",
)
@click.option("--known", metavar="N:DIGEST", help="A head printed earlier: finds entries cut off at the end.")
@click.option(
    "--from", "source", metavar="PLACE", help="What was sent out: a file, a folder, s3://…, a store."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def verify(parts: Parts, known: str | None, source: str | None, form: str) -> None:
    """Check that no entry was changed, removed or reordered.

    表示された「末尾」を Toban の外に控え、次回 --known に渡してください。末尾の切り捨ても見つかります。
    外へ送った証跡は --from で、Toban の動かない機械でも確かめられます。

    \b
    Exit status:
      0  the chain holds
      1  it is broken
      2  the state database, or what was sent out, can't be read
    """
    match = _HEAD.fullmatch(known) if known is not None else None
    if known is not None and (match is None or bool(match["chain"]) != bool(source)):
        form_of = "鎖/番号:要約値" if source else "番号:要約値"
        raise click.BadParameter(f"{form_of} (64桁の16進数) の形で書いてください", param_hint="--known")
    noted = (match["chain"] or "", int(match["number"]), match["digest"]) if match else None
    if source is not None:
        _verify_outside(parts, source, noted, form)
        return
    with usable_state():
        head = ledger.LedgerHead(noted[1], noted[2]) if noted else _shipped_head()
        found = ledger.verify(head)
    say(_json(found) if form == "json" else _text(found))
    if found.broken is not None:
        raise SystemExit(_BROKEN)


@command.command(
    "export",
    short_help="Send what is not outside yet, now (今すぐ外へ送る).",
    epilog="Example: toban evidence export",
)
@click.pass_obj
def export(parts: Parts) -> None:
    """Send evidence and audit log to the store of [evidence] now, without waiting for the day.

    送られた末尾を示します。Toban の外に控えておくと、末尾の切り捨ても見つかります。

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
        refuse(f"証跡を外へ送れません: {trouble}", "保存先と、その鍵と権限を確かめてください")
        raise SystemExit(_BROKEN) from trouble
    except Unfound as missing:
        refuse(str(missing), missing.hint)
        raise SystemExit(_UNUSABLE) from missing
    say(f"{count} 区間を送りました" if count else "送るものはありません: すべて外にあります")
    for head in heads:
        say(f"末尾 {head}")


def _verify_outside(parts: Parts, source: str, noted: tuple[str, int, str] | None, form: str) -> None:
    try:
        with opened(parts, source) as place:
            known = known_here(place.name)
            if noted is not None:
                known.setdefault(noted[0], {})[noted[1]] = noted[2]
            found = walked(place, known)
    except Unfound as missing:
        refuse(str(missing), missing.hint)
        raise SystemExit(_UNUSABLE) from missing
    if form == "json":
        say(json.dumps([_as_json(each) for each in found], ensure_ascii=False))
    else:
        for each in found:
            say(_walk_text(each))
    if any(each.broken is not None for each in found):
        raise SystemExit(_BROKEN)


def _shipped_head() -> LedgerHead | None:
    """Return the newest entry that was sent out: if the end of the chain was cut off here, it is missing."""
    sent = Shipment.objects.filter(chain=LEDGER).order_by("-last").first()
    return LedgerHead(sent.last, sent.line) if sent is not None else None


def _walk_text(found: ChainWalk) -> str:
    end = f"{found.chain}/{found.tip.number}:{found.tip.digest}"
    if found.broken is None:
        began = f"（{found.began_at} 番から）" if found.began_at > 1 else ""
        amount = f"{found.segments} 区間{began} {found.lines} 行"
        return f"● {found.chain} {amount}はすべてつながっています\n末尾 {end}"
    return (
        f"■ {found.broken}\n確かな末尾 {end}\n"
        "HINT: 保存先の前の版、こちらの台帳 (toban evidence verify) と見比べ、だれが変えたかを調べてください"
    )


def _as_json(found: ChainWalk) -> Mapping[str, Any]:
    broken = None
    if found.broken is not None:
        broken = {
            "segment": found.broken.segment,
            "line": found.broken.line,
            "reason": found.broken.reason,
        }
    return {
        "chain": found.chain,
        "segments": found.segments,
        "lines": found.lines,
        "head": f"{found.chain}/{found.tip.number}:{found.tip.digest}",
        "broken": broken,
    }


def _text(found: Verification) -> str:
    if found.broken is None:
        return f"● 証跡 {found.head.sequence} 件はすべてつながっています\n末尾 {found.head}"
    return (
        f"■ 証跡の {found.broken.sequence} 番でつながりが切れています: {found.broken.reason}\n"
        f"確かな末尾 {found.head}\n"
        "HINT: 状態データベースのバックアップの同じ番号と見比べ、だれが書き換えたかを調べてください"
    )


def _json(found: Verification) -> str:
    broken = None
    if found.broken is not None:
        broken = {"sequence": found.broken.sequence, "reason": found.broken.reason}
    return json.dumps(
        {"entries": found.head.sequence, "head": str(found.head), "broken": broken}, ensure_ascii=False
    )
