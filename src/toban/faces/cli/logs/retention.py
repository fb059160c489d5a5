"""`toban retention`: how long logs are kept, what is to be deleted, and what prevents it."""

from collections.abc import Sequence

import click
from django.conf import settings

from toban.chapters.logs.keeping import keeper as keeping
from toban.chapters.logs.keeping.keeper import keeper_of
from toban.chapters.logs.keeping.report import amount, stretch
from toban.chapters.logs.keeping.retention import RetentionDecision, WaitReason
from toban.chapters.logs.models import LegalHold
from toban.chapters.logs.rules import LogRules, rules
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.registry.parts import Parts
from toban.engine.retention import CompanionRecords
from toban.engine.telemetry.logs.days import DayPart
from toban.engine.telemetry.logs.words import kind_of
from toban.engine.telemetry.store import StoreUnavailable, Telemetry
from toban.faces.cli.kept import edition_of
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import confirm, refuse, say, speak_utf8
from toban.message import Message, listing, message_of
from toban.text import printable_json

_REFUSED, _UNUSABLE = 1, 2


@click.group(
    "retention",
    epilog='Example: toban retention hold access --reason "audit 2026-11"',
)
def command() -> None:
    """Show how long each kind of log is kept, agree to a shorter retention, or keep all from being deleted.

    Logs are deleted every day, as the document's retention says. A retention that became shorter waits until
    it is approved here.

    \b
    Exit status:
      0  done
      1  not possible
      2  the state database or the telemetry store can't be used
    """
    speak_utf8()


@command.command("list", short_help="Show each type, its oldest day, and what will be deleted.")
@FORMAT
@click.pass_obj
def show(parts: Parts, form: str) -> None:
    """Show each kind of log; nothing is changed.

    For each: its retention, its oldest day, how much is deleted next, and what waits.
    """
    with usable_state():
        rules = _rules(parts)
        try:
            found = keeper_of(Telemetry(settings.TELEMETRY_URL), parts.ports).look(rules, system_clock())
        except (StoreUnavailable, ValueError) as away:
            refuse(
                Message("logs.store-not-answering", reason=message_of(away)),
                Message("logs.check-store-and-home"),
            )
            raise SystemExit(_UNUSABLE) from away
        holds = _holds()
    if form == "json":
        rows = [_row(kind, rules, decision) for kind, decision in found.items()]
        say(printable_json({"kinds": rows, "holds": holds}, indent=2))
        return
    for kind, decision in found.items():
        say(_line(rules, kind, decision))
    for each in holds:
        say(
            Message(
                "logs.hold",
                hold=each["hold"],
                log=_held(rules, str(each["kind"])),
                reason=each["reason"],
                person=each["ordered_by"],
            )
        )


@command.command("agree", short_help="Approve the deletion that a shorter retention causes.")
@click.argument("kind", metavar="LOG")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def agree(parts: Parts, kind: str, yes: bool) -> None:
    """Let the document's retention of LOG be followed; what is deleted does not come back.

    LOG is the name of a kind of log in the document (「アクセスログ」). The evidence records who approved.
    """
    with usable_state():
        rules = _rules(parts)
        if not yes:
            goes = _waiting(parts, rules, kind_of(kind))
            asked = Message("logs.delete-for-good", log=kind, goes=goes)
            confirm(asked, err=True)
        kept = keeping.agree(kind_of(kind), rules, by=shell_user(), now=system_clock())
    say(Message("logs.retention-agreed", log=kind, kept=kept))


@command.command("hold", short_help="Put logs on hold: nothing is deleted until release.")
@click.argument("kind", metavar="[LOG]", default="")
@click.option("--reason", metavar="WORDS", default="", help="Why, for those who look at it later.")
@click.pass_obj
def hold(parts: Parts, kind: str, reason: str) -> None:
    """Keep LOG, or every kind, from being deleted, whatever the document says: a legal hold."""
    with usable_state():
        rules = _rules(parts)
        own = kind_of(kind) if kind else ""
        if own and own not in rules.kinds:
            unknown = keeping.not_in_document(kind, rules)
            refuse(unknown.said, unknown.hint)
            raise SystemExit(_REFUSED)
        try:
            made = keeping.hold(own, reason, by=shell_user(), now=system_clock())
        except NotPossible as exc:
            refuse(Message("logs.not-on-hold", reason=exc.said), exc.hint)
            raise SystemExit(_REFUSED) from exc
        begun = keeping.under_way(own)
    say(Message("logs.hold-begins", hold=made.pk, log=kind or Message("logs.every-kind")))
    if begun:
        days = [
            Message("logs.day-with-rows", day=each.day, rows=Message("logs.rows", count=each.rows))
            for each in begun
        ]
        say(Message("logs.deletion-begun-before-hold", days=days))


@command.command("release", short_help="End a hold.")
@click.argument("number", metavar="HOLD", type=int)
def release(number: int) -> None:
    """End the hold HOLD: what is older than the document keeps goes within a minute."""
    with usable_state():
        keeping.release(number, by=shell_user(), now=system_clock())
    say(Message("logs.hold-ended", hold=number))


def _waiting(parts: Parts, rules: LogRules, kind: str) -> Message:
    """Return what agreeing would delete."""
    try:
        found = keeper_of(Telemetry(settings.TELEMETRY_URL), parts.ports).look(rules, system_clock())
    except (StoreUnavailable, ValueError) as away:
        return Message("logs.old-logs-of-unknown-amount", reason=message_of(away))
    waits, beside = (found[kind].waits, found[kind].beside) if kind in found else ((), ())
    if not waits and not beside:
        return Message("logs.old-logs-if-any")
    days = [Message("logs.old-logs", amount=amount(waits), days=stretch(waits))] if waits else []
    return listing([*days, amount((), beside)] if beside else days)


def _rules(parts: Parts) -> LogRules:
    edition = edition_of(parts)
    return rules(edition.design, edition.bindings)


def _row(kind: str, rules: LogRules, decision: RetentionDecision) -> dict[str, object]:
    kept = rules.retention(kind)
    return {
        "log": rules.kinds[kind].name,
        "kind": kind,
        "kept": str(kept) if kept is not None else "",
        "oldest": decision.oldest.isoformat() if decision.oldest else None,
        "goes": _amount(decision.goes),
        "waits": {**_amount(decision.waits, decision.beside), "why": decision.why},
    }


def _amount(days: Sequence[DayPart], beside: Sequence[CompanionRecords] = ()) -> dict[str, object]:
    return {
        "days": len(days),
        "rows": sum(each.rows for each in days),
        "bytes": sum(each.bytes for each in days),
        "beside": [{"what": each.key, "count": each.count, "bytes": each.bytes} for each in beside],
    }


def _line(rules: LogRules, kind: str, decision: RetentionDecision) -> str:
    kept, oldest = rules.retention(kind), decision.oldest
    parts = [
        Message("logs.retention", kept=kept) if kept else Message("logs.no-retention"),
        Message("logs.oldest-day", day=oldest) if oldest else Message("logs.no-oldest-day"),
    ]
    if decision.goes:
        parts.append(Message("logs.loss", amount=amount(decision.goes)))
    if decision.waits or decision.beside:
        waiting = amount(decision.waits, decision.beside)
        is_unapproved = decision.why is WaitReason.NOT_AGREED
        parts.append(
            Message("logs.waits-for-approval" if is_unapproved else "logs.waits-on-hold", amount=waiting)
        )
    return "  ".join((rules.kinds[kind].name, *map(str, parts)))


def _held(rules: LogRules, kind: str) -> Message | str:
    """Return the document's name for *kind*; the document may no longer have that kind."""
    return rules.kinds[kind].name if kind in rules.kinds else kind or Message("logs.every-kind")


def _holds() -> list[dict[str, object]]:
    return [
        {
            "hold": each.pk,
            "kind": each.kind,
            "reason": each.reason,
            "ordered_by": each.ordered_by,
            "began_at": each.began_at.isoformat(),
        }
        for each in LegalHold.objects.filter(ended_at=None).order_by("pk")
    ]
