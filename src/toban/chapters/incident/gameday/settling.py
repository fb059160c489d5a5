"""Game days whose runs broke off are mended and concluded; the incidents of those that are over are closed.

Level-triggered: a worker that dies while it mends leaves a game day that is mended again.
"""

from datetime import datetime, timedelta

import structlog
from django.db.models import QuerySet

from toban.chapters.incident.gameday import records
from toban.chapters.incident.gameday.commands import Logged, run_command
from toban.chapters.incident.gameday.holding import found_checks
from toban.chapters.incident.gameday.permission import OTHERS, why_not
from toban.chapters.incident.models import GameDay
from toban.chapters.incident.plan import IncidentPlan
from toban.engine.clock import Clock, system_clock
from toban.engine.runs import orders
from toban.engine.runs.models import Run
from toban.engine.runs.rules import BY_SCHEDULE
from toban.engine.runs.work import StepFailed
from toban.engine.state.question import Question
from toban.message import NOTHING, Message, message_of

_TRIES = timedelta(minutes=10)
"""How long mending is tried again and again after a run broke off."""
_TURNS = timedelta(hours=12)
"""How long after its time a failure of the calendar may still have its turn."""

log = structlog.get_logger(__name__)


def settle(plan: IncidentPlan, now: datetime, clock: Clock = system_clock) -> None:
    """Mend what is left broken, close what is over, and let the calendar's next failure have its turn."""
    if _ANY_LEFT.finds():
        for game_day in _left().select_related("run", "incident"):
            _conclude(game_day, plan, clock)
    records.close_drills(now)
    _take_turns(plan, now)


def _left() -> QuerySet[GameDay]:
    return GameDay.objects.filter(state=GameDay.State.RUNNING).exclude(run__state__in=Run.OPEN)


_ANY_LEFT = Question(lambda: _left().values_list("pk")[:1])


def _take_turns(plan: IncidentPlan, now: datetime) -> None:
    """Repeat the calendar's first run that only found another game day under way: all are due at one time."""
    if not plan.game_days:
        return
    lately = Run.objects.filter(
        work__in=list(plan.game_days), ordered_by=BY_SCHEDULE, due_at__gt=now - _TURNS, game_day=None
    )
    left = [each for each in lately.order_by("due_at", "pk") if _found_another(each)]
    if not left or lately.filter(state__in=Run.OPEN).exists():
        return
    planned = plan.game_days[left[0].work]
    if why_not(planned, now) is None:
        orders.again(planned.key, left[0].pk, None, by=BY_SCHEDULE, now=now)


def _found_another(run: Run) -> bool:
    said = run.note.values.get("said")
    return run.state == Run.State.FAILED and isinstance(said, Message) and said.code in OTHERS


def _conclude(game_day: GameDay, plan: IncidentPlan, clock: Clock) -> None:
    planned = next((each for each in plan.game_days.values() if each.row.id == game_day.clause_id), None)
    run = game_day.run
    why = run.note if run is not None else NOTHING
    broke_off = Message("incident-gameday.broke-off", why=why)
    if planned is None:
        # The command that would mend it is gone from the bindings: people must know.
        records.conclude(game_day, [], Message("incident-gameday.not-bound-any-more"), clock())
        return
    found = found_checks(game_day, planned, plan)
    if "restored" not in game_day.times:
        try:
            run_command(planned, planned.config.restore, Logged(game_day.pattern), game_day.run_id or 0)
        except StepFailed as failed:
            log.warning("game_day_not_mended", failure=game_day.pattern, error=str(failed))
            if run is not None and run.ended_at is not None and clock() < run.ended_at + _TRIES:
                return
            broke_off = Message("incident-gameday.not-mended", why=message_of(failed))
        else:
            records.note_time(game_day, "restored", clock())
    records.conclude(game_day, found, broke_off, clock())
