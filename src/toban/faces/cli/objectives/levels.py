"""`toban levels`: the document's objectives and their results."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import click

from toban.chapters.objectives import openslo, periods, report, rules
from toban.chapters.objectives.operation import OPERATION
from toban.chapters.objectives.rules import SliceTally
from toban.chapters.objectives.service import kept
from toban.chapters.objectives.sli import LevelPlan, Sli
from toban.design.clauses.objectives import Objective
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence import current
from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import Verdict
from toban.engine.registry.parts import Parts
from toban.engine.spans import Span
from toban.faces.cli.kept import edition_of
from toban.faces.cli.state import usable_state
from toban.faces.terminal import say, speak_utf8
from toban.message import NOTHING, Message
from toban.text import printable_json


@click.command(
    "levels",
    epilog="Example: toban levels --format openslo > slo.json",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "openslo"]), default="text", show_default=True
)
@click.pass_obj
def command(parts: Parts, form: str) -> None:
    """Show each objective of the document in force, as the running Toban has measured it.

    For each objective: this month's result, the error budget remaining, and why it can't be measured.
    json holds the figures of today, this month and this year, with and without planned maintenance.
    openslo is an array of OpenSLO v1 documents in JSON.

    \b
    Exit status:
      0  shown
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        found = edition_of(parts)
        plan = found.plan(OPERATION).levels
        if form == "openslo":
            system = found.bindings.system
            told = openslo.documents(plan.slis, system.name, system.timezone)
            say(printable_json(told, indent=2))
        else:
            _show(found, plan, form)


def _show(edition: Edition, plan: LevelPlan, form: str) -> None:
    objectives = edition.design.of(Objective)
    found = current.statuses(system_clock(), [each.id for each in objectives])
    shown = {each.clause_id: each for each in found}
    if form == "json":
        told = [
            {**_as_json(each.id, each.text, shown.get(each.id), plan), **_figures(each.id, edition, plan)}
            for each in objectives
        ]
        say(printable_json(told, indent=2))
        return
    lines = [_line(each, shown.get(each.id), plan) for each in objectives]
    say("\n".join(lines) or Message("objectives.no-objectives"))


def _line(objective: Objective, status: ClauseStatus | None, plan: LevelPlan) -> str:
    text = objective.text
    for verdict, reasons in ((Verdict.UNBOUND, plan.unbound), (Verdict.DECLARED, plan.unmeasured)):
        if objective.id in reasons:
            return f"{verdict.mark} {text}\n    {reasons[objective.id]}"
    if status is None:
        return f"{Verdict.NOT_MEASURABLE.mark} {text}\n    {Message('objectives.not-measured-yet')}"
    reason = "\n".join(f"    {line}" for line in str(status.reason).splitlines())
    return f"{Verdict(status.verdict).mark} {text}  {status.value}\n{reason}".rstrip()


def _as_json(clause_id: str, text: str, status: ClauseStatus | None, plan: LevelPlan) -> dict[str, object]:
    value, reason = (status.value, status.reason) if status is not None else (NOTHING, NOTHING)
    return {
        "clause": clause_id,
        "text": text,
        "verdict": status.verdict if status is not None else None,
        "value": value.as_output(),
        "reason": plan.why_not.get(clause_id, reason).as_output(),
    }


def _figures(clause_id: str, edition: Edition, plan: LevelPlan) -> dict[str, object]:
    """Return the objective's results today, this month and this year; nothing if it is not measured."""
    of = next((each for each in plan.slis if each.objective.id == clause_id), None)
    if of is None:
        return {}
    zone, now = edition.bindings.system.zone, system_clock()
    today = now.astimezone(zone).date()
    days = kept(of.indicator, today.replace(month=1, day=1), today + timedelta(days=1))
    spans = {"today": periods.day_span, "month": periods.month_span, "year": periods.year_span}
    return {
        "measured_by": of.measured_by,
        "target": of.limit,
        **{name: _period(of, days, span(today, zone), zone, now) for name, span in spans.items()},
    }


def _period(
    of: Sli, days: Mapping[date, SliceTally], span: Span, zone: ZoneInfo, now: datetime
) -> dict[str, object]:
    found = report.period(of, days, span, zone, now)
    counted, unplanned = found.known.mean, found.known.mean_unplanned
    return {
        "without_planned": None if unplanned is None else round(rules.in_unit(of.metric, unplanned), 6),
        "counted": None if counted is None else round(rules.in_unit(of.metric, counted), 6),
        "known_share": round(found.share_known, 4),
        "budget_left_share": None if found.budget is None else round(found.budget.share_left, 4),
    }
