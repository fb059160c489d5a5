"""`toban retention`: how long logs are kept, what is to be deleted, and what prevents it."""

import getpass
import json
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
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say, speak_utf8

_REFUSED, _UNUSABLE = 1, 2


@click.group(
    "retention",
    epilog='Example: toban retention hold アクセスログ --reason "調査 2026-11"',
)
def command() -> None:
    """Show how long each kind of log is kept, agree to a shorter retention, or keep all from being deleted.

    削除は文書の保存期間のとおりに毎日行われます。短くなった保存期間は、ここで承認されるまで待ちます。

    \b
    Exit status:
      0  done
      1  not possible
      2  the state database or the telemetry store can't be used
    """
    speak_utf8()


@command.command("list", short_help="Show each type, its oldest day, and what will be deleted.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def show(parts: Parts, form: str) -> None:
    """Show each kind of log; nothing is changed.

    ログ種別ごとに、保存期間、最古の日、次に消える量、待っているものを示します。
    """
    with usable_state():
        rules = _rules(parts)
        try:
            found = keeper_of(Telemetry(settings.TELEMETRY_URL), parts.ports).look(rules, system_clock())
        except (StoreUnavailable, ValueError) as away:
            refuse(
                f"ログの置き場が応答しません: {away}",
                "toban processes で store が動いているか、TOBAN_HOME が toban up と同じかを確かめてください",
            )
            raise SystemExit(_UNUSABLE) from away
        holds = _holds()
    if form == "json":
        rows = [_row(kind, rules, decision) for kind, decision in found.items()]
        say(json.dumps({"kinds": rows, "holds": holds}, ensure_ascii=False, indent=2))
        return
    for kind, decision in found.items():
        say(_line(rules, kind, decision))
    for each in holds:
        say(f"保全 {each['hold']}: {_held(rules, str(each['kind']))} {each['reason']} ({each['ordered_by']})")


@command.command("agree", short_help="Approve the deletion that a shorter retention causes.")
@click.argument("kind", metavar="LOG")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def agree(parts: Parts, kind: str, yes: bool) -> None:
    """Let the document's retention of LOG be followed; what is deleted does not come back.

    LOG は文書のログ種別の名 (アクセスログ) です。だれが承認したかは証跡に残ります。
    """
    with usable_state():
        rules = _rules(parts)
        if not yes:
            goes = _waiting(parts, rules, kind_of(kind))
            click.confirm(f"「{kind}」{goes}を削除します。元には戻せません。よいですか", abort=True, err=True)
        try:
            kept = keeping.agree(kind_of(kind), rules, by=getpass.getuser(), now=system_clock())
        except NotPossible as exc:
            refuse(str(exc), exc.hint)
            raise SystemExit(_REFUSED) from exc
    say(f"「{kind}」の保存期間を {kept} として、次の一分のうちに削除を始めます")


@command.command("hold", short_help="Put logs on hold: nothing is deleted until release.")
@click.argument("kind", metavar="[LOG]", default="")
@click.option("--reason", metavar="WORDS", default="", help="Why, for those who look at it later.")
@click.pass_obj
def hold(parts: Parts, kind: str, reason: str) -> None:
    """Keep LOG, or every kind, from being deleted, whatever the document says (法的保全)."""
    with usable_state():
        rules = _rules(parts)
        own = kind_of(kind) if kind else ""
        if own and own not in rules.kinds:
            known = "、".join(row.name for row in rules.kinds.values())
            refuse(f"「{kind}」というログ種別は文書にありません", f"文書のログ種別: {known}")
            raise SystemExit(_REFUSED)
        try:
            made = keeping.hold(own, reason, by=getpass.getuser(), now=system_clock())
        except NotPossible as exc:
            refuse(f"保全していません: {exc}", exc.hint)
            raise SystemExit(_REFUSED) from exc
        begun = keeping.under_way(own)
    say(f"保全 {made.pk}: {kind or 'すべての種別'}は、toban retention release {made.pk} まで削除しません")
    if begun:
        days = "、".join(f"{each.day} ({each.rows:,}行)" for each in begun)
        say(f"保全より前に削除を始めていた日: {days}。消えたものは次の証明が名指します")


@command.command("release", short_help="End a hold.")
@click.argument("number", metavar="HOLD", type=int)
def release(number: int) -> None:
    """End the hold HOLD: what is older than the document keeps goes within a minute."""
    with usable_state():
        try:
            keeping.release(number, by=getpass.getuser(), now=system_clock())
        except NotPossible as exc:
            refuse(str(exc), exc.hint)
            raise SystemExit(_REFUSED) from exc
    say(f"保全 {number} を終えました")


def _waiting(parts: Parts, rules: LogRules, kind: str) -> str:
    """Return a text on what agreeing would delete."""
    try:
        found = keeper_of(Telemetry(settings.TELEMETRY_URL), parts.ports).look(rules, system_clock())
    except (StoreUnavailable, ValueError) as away:
        return f"の古いログ (量は分かりません: {away})"
    waits, beside = (found[kind].waits, found[kind].beside) if kind in found else ((), ())
    if not waits and not beside:
        return "の古いログ (いまは何もありません)"
    days = [f"{amount(waits)}、{stretch(waits)} のログ"] if waits else []
    return "の " + "と".join([*days, amount((), beside)] if beside else days)


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
    kept = rules.retention(kind)
    parts = [
        rules.kinds[kind].name,
        f"保存期間 {kept or '書かれていません'}",
        f"最古 {decision.oldest or 'なし'}",
    ]
    if decision.goes:
        parts.append(f"消えるもの {amount(decision.goes)}")
    if decision.waits or decision.beside:
        why = "承認待ち" if decision.why is WaitReason.NOT_AGREED else "保全中"
        parts.append(f"{why} {amount(decision.waits, decision.beside)}")
    return "  ".join(parts)


def _held(rules: LogRules, kind: str) -> str:
    """Return the document's name for *kind*; the document may no longer have that kind."""
    return rules.kinds[kind].name if kind in rules.kinds else kind or "すべての種別"


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
