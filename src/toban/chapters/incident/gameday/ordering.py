"""A game day that a person orders: of one failure, if nothing speaks against it."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from toban.chapters.incident.gameday.permission import why_not
from toban.chapters.incident.gameday.planned import GAME_DAY, PlannedGameDay
from toban.chapters.incident.plan import IncidentPlan
from toban.engine.approvals.answers import Giver
from toban.engine.evidence import ledger
from toban.engine.orders import NotPossible
from toban.engine.runs import orders
from toban.engine.runs.models import Run
from toban.message import Message


@dataclass(frozen=True, slots=True)
class GameDayOrder:
    """Who orders a game day, and of what."""

    failure: str
    """In the words of its row."""
    plan: IncidentPlan
    by: Giver


def bound_failure(name: str, plan: IncidentPlan) -> PlannedGameDay:
    """Return the failure called *name* that can be made, or raise `NotPossible`."""
    bound = list(plan.game_days.values())
    found = next((each for each in bound if each.row.name == name), None)
    if found is not None:
        return found
    if not bound:
        raise NotPossible(Message("incident-gameday.nothing-bound"), Message("incident-gameday.bind-a-fault"))
    names = [each.row.name for each in bound]
    raise NotPossible(
        Message("incident-gameday.no-such-failure", failure=name),
        Message("incident-gameday.bound-failures", failures=names),
    )


def order(wanted: GameDayOrder, now: datetime) -> Run:
    """Have the failure be made now; raise `NotPossible` if it may not be, or another is about to be."""
    planned = bound_failure(wanted.failure, wanted.plan)
    with transaction.atomic():
        # Two people who order at the same moment: the second finds the run of the first.
        now = ledger.turn(now)
        refusal = why_not_ordered(planned, now)
        if refusal is not None:
            raise refusal
        return orders.order(
            planned.key,
            {},
            by=wanted.by.name,
            now=now,
            account=wanted.by.account,
            token_maker=wanted.by.token_maker,
        )


def why_not_ordered(planned: PlannedGameDay, now: datetime) -> NotPossible | None:
    """Return why the failure may not be ordered now, with the way out."""
    going = waiting_runs().first()
    if going is not None:
        said = Message("incident-gameday.is-ordered", failure=going.work.removeprefix(GAME_DAY))
        return NotPossible(said, Message("incident-gameday.wait"))
    return why_not(planned, now)


def waiting_runs() -> QuerySet[Run]:
    """Return the runs of game days that have not begun to break anything, the first to begin first."""
    open_ = Run.objects.filter(state__in=(Run.State.WAITING, Run.State.RUNNING), game_day=None)
    return open_.filter(work__startswith=GAME_DAY).order_by("due_at", "pk")
