"""What to do next about an alert: the remedy of the pattern's row, and what Toban itself does about it."""

from collections.abc import Mapping, Sequence

from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.plan import IncidentPlan, PlannedRemedy
from toban.chapters.incident.remedies import seen
from toban.chapters.incident.remedies.matching import Match, match, symptom
from toban.chapters.incident.remedies.works import works
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.modes import service as modes
from toban.engine.modes.rules import ModeDecisions, mode_now
from toban.engine.notify.signal import Condition, Signal
from toban.engine.runs.modes.acts import schedule_act
from toban.engine.runs.work import Work
from toban.message import NOTHING, Message, sentences


def advise(edition: Edition, signals: Sequence[Signal]) -> Mapping[str, Message]:
    """Return what the document says to do about *signals*, by their keys. See `ADVICE`."""
    plan: IncidentPlan = edition.plan(OPERATION)
    if not plan.patterns:
        return {}
    is_silent = any(each.condition is Condition.NO_DATA for each in signals)
    silent = seen.silent_targets(edition.design, seen.open_alerts(), system_clock()) if is_silent else ()
    found = {each.key: match(symptom(each.labels, each.condition, silent), plan.patterns) for each in signals}
    matched = {key: each for key, each in found.items() if each is not None}
    if not matched:
        return {}
    made, decided = works(plan), modes.decisions()
    targets = {each.key: each.labels.get("target", "") for each in signals}
    return {key: words(plan, each, targets[key], made, decided) for key, each in matched.items()}


def words(
    plan: IncidentPlan, found: Match, target: str, made: Mapping[str, Work], decided: ModeDecisions
) -> Message:
    """Return the remedies of a row in its own words, where it stands, and who does them."""
    row = found.row
    said = Message(
        "incident-remedies.advice", remedies=list(row.remedies), failure=row.name, row=str(row.origin)
    )
    mine = [each for each in plan.remedies_of(row) if target in each.targets]
    runbooks = list(dict.fromkeys(each.config.runbook for each in mine if each.config.runbook))
    link = Message("incident-remedies.advice-runbook", urls=runbooks) if runbooks else NOTHING
    return sentences(said, *(_mode(each, made, decided) for each in mine[:1]), link)


def _mode(remedy: PlannedRemedy, made: Mapping[str, Work], decided: ModeDecisions) -> Message:
    mode = mode_now(schedule_act(made[remedy.key]), decided)
    return Message(f"incident-remedies.advice-{mode}", remedy=remedy.name)
