"""`toban levels`: the document's objectives and what they came to."""

import json
from typing import TYPE_CHECKING

import click

from toban.faces.cli.parts import Parts
from toban.faces.cli.state import opened_state
from toban.faces.cli.terminal import refuse, say, speak_utf8

if TYPE_CHECKING:
    from toban.chapters.objectives.sli import LevelPlan
    from toban.engine.bindings.inforce import Edition
    from toban.engine.evidence.models import ClauseStatus

_UNUSABLE = 2


@click.command(
    "levels",
    short_help="The service levels of chapter 1 (運用目標の達成状況).",
    epilog="Example: toban levels --format openslo > slo.json",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "openslo"]), default="text", show_default=True
)
@click.pass_obj
def command(parts: Parts, form: str) -> None:
    """Show each objective of the document that TOBAN_DESIGN names, as the running Toban has measured it.

    今月の達成、予算の残り、測れない理由を示します。openslo は OpenSLO v1 の JSON の列です。

    \b
    Exit status:
      0  shown
      2  the document, the bindings or the state database can't be read
    """
    speak_utf8()
    with opened_state():
        from toban.chapters.objectives import openslo, sli  # noqa: PLC0415
        from toban.engine.bindings.inforce import Edition  # noqa: PLC0415

        in_force = parts.in_force()
        found = in_force.refresh()
        if not isinstance(found, Edition):
            refuse(
                in_force.refusal.reason if in_force.refusal else "文書がありません",
                "TOBAN_DESIGN と TOBAN_BINDINGS を確かめてください",
            )
            raise SystemExit(_UNUSABLE)
        plan = sli.plan(found.design, found.bindings)
        if form == "openslo":
            system = found.bindings.system
            told = openslo.documents(plan.slis, system.name, system.timezone)
            say(json.dumps(told, ensure_ascii=False, indent=2))
        else:
            _show(found, plan, form)


def _show(edition: "Edition", plan: "LevelPlan", form: str) -> None:
    from toban.design.clauses.objectives import Objective  # noqa: PLC0415
    from toban.engine.evidence.models import ClauseStatus  # noqa: PLC0415

    objectives = edition.design.of(Objective)
    shown = ClauseStatus.objects.in_bulk([each.id for each in objectives], field_name="clause_id")
    if form == "json":
        told = [_as_json(each.id, each.text, shown.get(each.id), plan) for each in objectives]
        say(json.dumps(told, ensure_ascii=False, indent=2))
        return
    lines = [_line(each.text, shown.get(each.id), plan.unbound.get(each.id, "")) for each in objectives]
    say("\n".join(lines) or "文書の1章に運用目標がありません")


def _line(text: str, status: "ClauseStatus | None", unbound: str) -> str:
    from toban.engine.evidence.verdict import Verdict  # noqa: PLC0415

    if unbound:
        return f"{Verdict.UNBOUND.mark} {text}\n    {unbound}"
    if status is None:
        waits = "まだ測っていません。toban up が動いているか確かめてください"
        return f"{Verdict.NOT_MEASURABLE.mark} {text}\n    {waits}"
    reason = "\n".join(f"    {line}" for line in status.reason.splitlines())
    return f"{Verdict(status.verdict).mark} {text}  {status.value}\n{reason}".rstrip()


def _as_json(
    clause_id: str, text: str, status: "ClauseStatus | None", plan: "LevelPlan"
) -> dict[str, object]:
    return {
        "clause": clause_id,
        "text": text,
        "verdict": status.verdict if status is not None else None,
        "value": status.value if status is not None else "",
        "reason": plan.unbound.get(clause_id) or (status.reason if status is not None else ""),
    }
