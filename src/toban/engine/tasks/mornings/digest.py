"""Each morning, everybody who has something to do that day is told what, once, in their own language."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.engine.approvals.holders import account_of, holders_of
from toban.engine.editions.edition import Edition
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import PERSONAL, Condition, Signal
from toban.engine.registry.parts import Parts
from toban.engine.runs.models import PlannedWork
from toban.engine.tasks.entitlement import people_of_task
from toban.engine.tasks.lists import ComingTask, OpenTask, coming, listed, tasks_of, terms_of_run
from toban.engine.tasks.mornings.bindings import TASKS
from toban.engine.tasks.mornings.rules import is_morning, is_of_today
from toban.engine.tasks.offered.offering import MOST_TOLD, tell_with, told
from toban.engine.tasks.telling import cited, page
from toban.engine.tasks.windows import open_tasks
from toban.message import NOTHING, Message, lines


@dataclass(frozen=True, slots=True)
class Morning:
    """What one account has to do on a day."""

    key: str
    """Of the event that it is told by: once for each day and account."""
    people: tuple[str, ...]
    """The names in `[people]` of that account."""
    open: tuple[OpenTask, ...] = ()
    coming: tuple[ComingTask, ...] = ()


def tell_mornings(edition: Edition, parts: Parts, now: datetime) -> None:
    """Have everybody notified of their day who has not been yet, if it is morning."""
    bound = TASKS.of(edition.bindings)
    local = now.astimezone(edition.bindings.system.zone)
    if not bound.tells_mornings or not is_morning(local, bound.morning):
        return
    # Without what is just being made, it would be neither open nor to come.
    if PlannedWork.objects.filter(in_force=True, key__in=list(tasks_of(edition, parts)), next_due__lte=now):
        return
    for each in _days(_untold(edition, local), edition, parts, now):
        tell_with(_signal(each, edition, now), each.open[:MOST_TOLD], now, edition.design.digest)


def _untold(edition: Edition, local: datetime) -> Mapping[str, tuple[str, ...]]:
    """Return the people who have not been told of the day of *local*, by the key of what tells them."""
    found: dict[str, tuple[str, ...]] = {}
    for name, person in edition.bindings.people.items():
        if person.account and account_of(edition, name) is not None:
            key = f"tasks/morning/{local.date()}/{person.account}"
            found[key] = (*found.get(key, ()), name)
    past = set(Alert.objects.filter(key__in=list(found)).values_list("key", flat=True))
    return {key: names for key, names in found.items() if key not in past}


def _days(
    untold: Mapping[str, tuple[str, ...]], edition: Edition, parts: Parts, now: datetime
) -> Iterator[Morning]:
    """Yield the day of everybody in *untold* who has something to do."""
    names = {name for each in untold.values() for name in each}
    later = [
        (each, _holding(each.roles, edition, each.due_at))
        for each in coming(tasks_of(edition, parts), edition, now)
    ]
    later = [(each, able) for each, able in later if able & names]
    # The facts are only gathered if there is somebody to be told of them.
    open_ = _open(edition, parts, now) if _is_any_open(names, edition, parts, now) else ()
    for key, people in untold.items():
        mine = tuple(each for each in open_ if set(each.people.able) & set(people))
        coming_ = tuple(each for each, able in later if able & set(people))
        if mine or coming_:
            yield Morning(key, people, mine, coming_)


def _is_any_open(names: set[str], edition: Edition, parts: Parts, now: datetime) -> bool:
    works, system = tasks_of(edition, parts), edition.bindings.system
    return any(
        names & set(people_of_task(run, terms, edition, now).able)
        for run in open_tasks().filter(due_at__lte=now)
        if (terms := terms_of_run(works, run)) is not None and is_of_today(run.due_at, terms, system, now)
    )


def _open(edition: Edition, parts: Parts, now: datetime) -> Sequence[OpenTask]:
    system = edition.bindings.system
    found = listed(edition, parts, now)
    return [each for each in found if is_of_today(each.run.due_at, each.people.terms, system, now)]


def _holding(roles: Sequence[str], edition: Edition, at: datetime) -> set[str]:
    return {each.person for role in roles for each in holders_of(edition, role, at) if each.account}


def _signal(day: Morning, edition: Edition, now: datetime) -> Signal:
    zone, clauses = edition.bindings.system.zone, {each.id: each for each in edition.design.clauses}
    first = cited(day.open[0], edition) if day.open else clauses[day.coming[0].clause_id]
    said = [told(each, zone) for each in day.open[:MOST_TOLD]]
    said += [Message("tasks.told-name", name=each.name) for each in day.open[MOST_TOLD:]]
    said += [
        Message("tasks.told-coming", name=each.name, at=each.due_at.astimezone(zone)) for each in day.coming
    ]
    return Signal(
        key=day.key,
        clause_id=first.id if first is not None else "",
        citation=str(first.origin) if first is not None else "",
        clause_text=first.text if first is not None else "",
        condition=Condition.INFO,
        subject=Message("tasks.day", count=len(day.open) + len(day.coming)),
        value=lines(*said),
        limit=NOTHING,
        began_at=now,
        detected_at=now,
        advice=Message("tasks.open-the-page", url=page()),
        labels={"item": "task", PERSONAL: "yes"},
        people=day.people[:1],
    )
