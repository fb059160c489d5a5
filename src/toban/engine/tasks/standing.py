"""The status of a row that people perform, by its runs in the ledger."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from toban.engine.editions.edition import Edition
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import FIRING, Verdict, worst
from toban.engine.runs.models import Run
from toban.engine.runs.standing import WorkStatus, standings
from toban.engine.runs.work import Work
from toban.engine.tasks.entitlement import people_of_task
from toban.message import NOTHING, Message


def statuses(works: Collection[Work], edition: Edition, now: datetime) -> Iterator[StatusUpdate]:
    """Yield the status of the row of each task in *works*."""
    found = standings([work.key for work in works], now)
    for work in works:
        state = found.get(work.key, WorkStatus())
        yield _status(work, state, _why_nobody(work, state.current, edition, now), now)


def worst_of_rows(found: Iterable[tuple[Work, StatusUpdate]]) -> Mapping[Work, StatusUpdate]:
    """Return the worst task of each row in *found*: a row has one status, and one alert about its tasks."""
    worst_of: dict[str, tuple[Work, StatusUpdate]] = {}
    for work, update in found:
        former = worst_of.get(work.clause_id)
        if former is None or worst((former[1], update)) is update:
            worst_of[work.clause_id] = work, update
    return dict(worst_of.values())


def signed(update: StatusUpdate, work: Work, edition: Edition, now: datetime) -> StatusUpdate:
    """Return the status of a row that Toban carries out and a person signs off: the worse of the two.

    *update* is what Toban itself found.
    """
    (task,) = statuses([work], edition, now)
    if update.verdict in FIRING or task.verdict not in FIRING:
        return update
    return StatusUpdate(
        clause_id=update.clause_id,
        verdict=task.verdict,
        value=update.value,
        reason=task.reason,
        observed_at=update.observed_at,
        next_due=update.next_due,
        proof={**(update.proof or {}), **(task.proof or {})},
    )


def _why_nobody(work: Work, current: Run | None, edition: Edition, now: datetime) -> Message:
    if work.task is None or current is None:
        return NOTHING
    return people_of_task(current, work.task, edition, now).why_nobody


def _status(work: Work, state: WorkStatus, why_nobody: Message, now: datetime) -> StatusUpdate:
    verdict, value, reason = _judged(state, why_nobody, work, now)
    runs: Iterable[Run | None] = (state.current, state.last)
    proof = {name: run.pk for name, run in zip(("open", "last"), runs, strict=True) if run is not None}
    return StatusUpdate(work.clause_id, verdict, value, reason, now, state.next_due, proof)


def _judged(
    state: WorkStatus, why_nobody: Message, work: Work, now: datetime
) -> tuple[Verdict, Message, Message]:
    zone, current, last = work.system.zone, state.current, state.last
    if current is not None and current.due_until is not None:
        until = current.due_until.astimezone(zone)
        if why_nobody:
            return Verdict.DEVIATING, NOTHING, Message("tasks.nobody-can-sign", why=why_nobody)
        if now >= current.due_until:
            return Verdict.NOT_PERFORMED, NOTHING, Message("tasks.overdue", until=until)
        waits = Message("tasks.waits-until", until=until)
        if last is None:
            return Verdict.NOT_DUE, waits, Message("tasks.first-time")
        verdict, _, reason = _ended(last, work)
        return verdict, waits, reason
    if last is None:
        return Verdict.NOT_DUE, NOTHING, Message("tasks.never-due", schedule=str(work.schedule))
    return _ended(last, work)


def _ended(last: Run, work: Work) -> tuple[Verdict, Message, Message]:
    zone = work.system.zone
    ended = (last.ended_at or last.due_at).astimezone(zone)
    due = last.due_at.astimezone(zone)
    if last.state != Run.State.DONE:
        return Verdict.NOT_PERFORMED, NOTHING, Message("tasks.was-not-performed", due=due, why=last.note)
    return Verdict.CONFORMING, last.note, Message("tasks.performed", due=due, at=ended)
