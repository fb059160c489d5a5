"""The verdict on each known failure: whether its remedy was there when it was wanted, and helped in time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from django.db.models import Max

from toban.chapters.incident.models import GameDay, RemedyUse
from toban.chapters.incident.plan import IncidentPlan
from toban.chapters.incident.remedies.telling import outcome_words
from toban.design.clauses.incident import FailurePattern
from toban.engine.evidence.verdict import Verdict
from toban.engine.modes import service as modes
from toban.engine.modes.rules import Mode, ModeDecisions, mode_now, word
from toban.engine.notify.models import Announcement
from toban.engine.rows import report
from toban.engine.rows.judgement import Judgement
from toban.engine.runs.models import Run
from toban.engine.runs.modes.acts import schedule_act
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import Work
from toban.message import Message


class UseState(StrEnum):
    """How the newest use of a row's remedies stands."""

    UNDER_WAY = "under-way"
    ASKS = "asks"
    HELPED = "helped"
    IN_VAIN = "in-vain"
    NOT_DONE = "not-done"
    UNANSWERED = "unanswered"
    """Nobody approved or refused it in time."""
    ONLY_SHOWN = "only-shown"


@dataclass(frozen=True, slots=True)
class LastUse:
    """The newest use of the remedies of a row."""

    state: UseState
    said: Message
    is_open: bool
    """Whether the alert that wanted it still is."""
    are_people_told: bool
    is_in_time: bool
    """Whether the alert ended within the limit of its incident's level; True without a limit."""
    proof: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PatternState:
    """What is known of a row."""

    mode: Mode
    """Of its first remedy that is bound."""
    last: LastUse | None = None
    drilled_on: date | None = None
    """When a game day last made it happen, and it was mended."""


def judge(state: PatternState) -> Judgement:
    """Return the verdict on the row of a known failure. Pure."""
    last = state.last
    if state.mode is Mode.SHADOW:
        shown = last is not None and last.state is UseState.ONLY_SHOWN
        said = last.said if last is not None and shown else Message("incident-remedies.in-shadow")
        return Judgement(Verdict.NOT_MEASURABLE, said, word(Mode.SHADOW), proof=last.proof if last else {})
    if last is None or last.state is UseState.ONLY_SHOWN:
        return Judgement(Verdict.NOT_DUE, _no_occasion(state.drilled_on))
    return Judgement(_verdict(last), last.said, word(state.mode), proof=last.proof)


def _no_occasion(drilled_on: date | None) -> Message:
    if drilled_on is None:
        return Message("incident-remedies.no-occasion")
    return Message("incident-remedies.no-occasion-but-drilled", on=drilled_on)


def _verdict(last: LastUse) -> Verdict:
    match last.state:
        case UseState.UNDER_WAY:
            return Verdict.CONFORMING
        case UseState.ASKS:
            return Verdict.WARNING
        case UseState.UNANSWERED:
            return Verdict.NOT_PERFORMED
        case UseState.HELPED:
            return Verdict.CONFORMING if last.is_in_time else Verdict.DEVIATING
        case UseState.IN_VAIN:
            return Verdict.DEVIATING
        case _:
            # People do what the remedy did not: they must know of it, and keep the time.
            if not last.are_people_told:
                return Verdict.DEVIATING
            if last.is_open:
                return Verdict.WARNING
            return Verdict.CONFORMING if last.is_in_time else Verdict.DEVIATING


def show(plan: IncidentPlan, works: Mapping[str, Work], now: datetime) -> None:
    """Show the status of the row of every known failure with a remedy that is bound."""
    rows = {each.row.id: each.row for each in plan.remedies}
    found = report.reviewed(_judged(plan, list(rows.values()), works))
    report.show(found, now, plan.document_digest)


def _judged(
    plan: IncidentPlan, rows: Sequence[FailurePattern], works: Mapping[str, Work]
) -> Iterator[tuple[FailurePattern, Judgement]]:
    decided, newest = modes.decisions(), _newest([row.id for row in rows])
    for row in rows:
        use = newest.get(row.id)
        last = _last(use) if use is not None else None
        yield row, judge(PatternState(_mode(plan, row, works, decided), last, _drilled_on(plan, row)))


def _mode(plan: IncidentPlan, row: FailurePattern, works: Mapping[str, Work], decided: ModeDecisions) -> Mode:
    work = works.get(plan.remedies_of(row)[0].key)
    return Mode.SHADOW if work is None else mode_now(schedule_act(work), decided)


def _newest(rows: Sequence[str]) -> Mapping[str, RemedyUse]:
    of_rows = RemedyUse.objects.filter(clause_id__in=rows).values("clause_id")
    pks = of_rows.annotate(newest=Max("pk")).order_by().values_list("newest", flat=True)
    found = RemedyUse.objects.filter(pk__in=list(pks)).select_related("run", "alert", "incident")
    return {use.clause_id: use for use in found}


def _drilled_on(plan: IncidentPlan, row: FailurePattern) -> date | None:
    passed = GameDay.objects.filter(clause_id=row.id, state=GameDay.State.PASSED)
    ended = passed.order_by("-ended_at").values_list("ended_at", flat=True).first()
    return None if ended is None else ended.astimezone(plan.system.zone).date()


def _last(use: RemedyUse) -> LastUse:
    state = _state(use)
    proof: dict[str, object] = {"alert": use.alert_id}
    if use.run is not None:
        proof["run"] = use.run.pk
    said = Message(
        f"incident-remedies.last-{state}", remedy=use.remedy, target=use.target, said=outcome_words(use)
    )
    return LastUse(
        state,
        said,
        is_open=use.alert.resolved_at is None,
        are_people_told=_are_told(use),
        is_in_time=_is_in_time(use),
        proof=proof,
    )


def _state(use: RemedyUse) -> UseState:
    run = use.run
    if run is not None and run.reason == RunReason.AWAITING_APPROVAL:
        return UseState.ASKS
    if run is not None and run.state == Run.State.SHADOW:
        return UseState.ONLY_SHOWN
    if run is not None and run.reason == RunReason.UNANSWERED:
        return UseState.UNANSWERED
    return {
        RemedyUse.Effect.PENDING: UseState.UNDER_WAY,
        RemedyUse.Effect.RECOVERED: UseState.HELPED,
        RemedyUse.Effect.NO_EFFECT: UseState.IN_VAIN,
        RemedyUse.Effect.WORSE: UseState.IN_VAIN,
        RemedyUse.Effect.NOT_RUN: UseState.NOT_DONE,
    }[RemedyUse.Effect(use.effect)]


def _are_told(use: RemedyUse) -> bool:
    """Return whether anybody was told of the alert, or that the remedy was not done."""
    own = f"{use.clause_id}/{use.target}"
    told = Announcement.objects.filter(alerts__key=own, at__gte=use.wanted_at)
    return told.exists() or Announcement.objects.filter(alerts=use.alert_id).exists()


def _is_in_time(use: RemedyUse) -> bool:
    """Return whether the alert ended before the incident had to be over."""
    limit, ended = use.incident.recover_by if use.incident is not None else None, use.alert.resolved_at
    return limit is None or ended is None or ended <= limit
