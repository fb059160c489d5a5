"""The reviews of chapter 9 that people perform, where no row of chapter 10 orders the same. Pure."""

from collections.abc import Iterator, Mapping

from toban.chapters.capacity.plan import CapacityPlan
from toban.design.acts import led
from toban.design.clauses.capacity import CapacityReview
from toban.engine.calendar.due import is_ever_due
from toban.engine.editions.edition import Edition
from toban.engine.runs.work import Work
from toban.engine.tasks.rules import planned, terms_of
from toban.engine.tasks.works import has_account, hours_of
from toban.message import Message


def works(plan: CapacityPlan, edition: Edition) -> tuple[Mapping[str, Work], Mapping[str, Message]]:
    """Return the tasks of the reviews, by key, and why the other reviews have none, by the row's id."""
    found: dict[str, Work] = {}
    unbound: dict[str, Message] = {}
    for row in _own(edition):
        made = _work(row, plan, edition)
        if isinstance(made, Message):
            unbound[row.id] = made
        else:
            found[made.key] = made
    return found, unbound


def _own(edition: Edition) -> Iterator[CapacityReview]:
    theirs = led(edition.design)
    return (
        row for row in edition.design.of(CapacityReview) if row.schedule is not None and row.id not in theirs
    )


def _work(row: CapacityReview, plan: CapacityPlan, edition: Edition) -> Work | Message:
    design, bindings, role = edition.design, edition.bindings, plan.manager
    if row.schedule is None:
        raise AssertionError("a review without a time is a forecast")
    hours = hours_of((role,), design)
    kept = planned(row.schedule, hours)
    if kept is None or not is_ever_due(kept, bindings.system):
        return Message("tasks.no-days", schedule=row.schedule.text)
    if not has_account(role, design, bindings):
        section = f'[people."{role}"]'
        return Message("tasks.role-without-account", role=role, section=section, file=bindings.file)
    return Work(
        key=f"review/{row.id}"[:200],
        clause_id=row.id,
        document_digest=design.digest,
        acting_digest=bindings.acting_digest,
        steps=(),
        schedule=kept,
        system=bindings.system,
        task=terms_of(row.content, (role,), row.schedule, hours),
    )
