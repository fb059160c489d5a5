"""What people are told of game days: one comes, one begins, one is over. Each is told once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from django.conf import settings

from toban.chapters.incident.gameday.bindings import GAME_DAYS
from toban.chapters.incident.gameday.coming import coming
from toban.chapters.incident.gameday.planned import PlannedGameDay
from toban.chapters.incident.models import GameDay
from toban.chapters.incident.plan import IncidentPlan
from toban.design.clauses.incident import FailurePattern
from toban.design.clauses.notices import NotificationRule
from toban.design.values.people import Role
from toban.design.values.severity import AlertLevel
from toban.engine.amounts import length
from toban.engine.editions.edition import Edition
from toban.engine.notify import alerts
from toban.engine.notify.routing.routing import rules_for
from toban.engine.notify.signal import Condition, Signal
from toban.engine.runs.work import Work
from toban.message import NOTHING, Message

ITEM = "game-day"
"""The label `item` of these events."""
_NEWS = timedelta(hours=1)
"""An older end that was missed is no longer news: the page shows it."""
_LEFT_BROKEN = ("incident-gameday.not-mended", "incident-gameday.not-bound-any-more")
_BY_CALENDAR = "schedule"


@dataclass(frozen=True, slots=True)
class GameDayNews:
    """Something to be told of game days."""

    key: str
    """What it is about, and what has happened: it is told once."""
    rows: Sequence[FailurePattern]
    """The failures, of which the first is cited."""
    said: Message
    condition: Condition = Condition.INFO
    number: int | None = None
    """Of the game day, if it has begun."""


def tell(plan: IncidentPlan, works: Mapping[str, Work], edition: Edition, now: datetime) -> None:
    """Tell of the game days that the calendar has *works* hold soon, and of those that are over."""
    news = [*_coming(plan, works, edition, now), *_over(plan, now)]
    alerts.tell([_event(each, plan, edition, now) for each in news], now, edition.design.digest)


def tell_begun(game_day: GameDay, planned: PlannedGameDay, plan: IncidentPlan, now: datetime) -> None:
    """Tell that *game_day* begins: what is about to fail is broken on purpose."""
    config, run = planned.config, game_day.run
    by = run.ordered_by if run is not None else ""
    code = "told-begun-by-calendar" if by == _BY_CALENDAR else "told-begun"
    # The longest that it may take until it is mended.
    longest = length(config.within + 2 * config.timeout)
    said = Message(f"incident-gameday.{code}", by=by, longest=longest)
    news = GameDayNews(f"{game_day.pk}/begun", (planned.row,), said, number=game_day.pk)
    alerts.tell([_event(news, plan, planned.edition, now)], now, planned.edition.design.digest)


def _coming(
    plan: IncidentPlan, works: Mapping[str, Work], edition: Edition, now: datetime
) -> Iterator[GameDayNews]:
    bound = GAME_DAYS.of(edition.bindings)
    if bound.schedule is None:
        return
    by_time: dict[datetime, list[FailurePattern]] = defaultdict(list)
    for key, at in coming(works).items():
        if now < at <= now + bound.announce:
            by_time[at].append(plan.game_days[key].row)
    for at, rows in by_time.items():
        said = Message("incident-gameday.told-coming", at=at.astimezone(plan.system.zone))
        yield GameDayNews(f"coming/{at.isoformat()}", rows, said)


def _over(plan: IncidentPlan, now: datetime) -> Iterator[GameDayNews]:
    rows = {row.id: row for row in plan.patterns}
    for each in GameDay.objects.filter(ended_at__gt=now - _NEWS).order_by("pk"):
        if each.clause_id in rows:
            state = Message(f"incident-gameday.state-{each.state}")
            said = Message("incident-gameday.told-over", state=state, said=each.said)
            condition = Condition.CRITICAL if each.said.code in _LEFT_BROKEN else Condition.INFO
            yield GameDayNews(f"{each.pk}/over", (rows[each.clause_id],), said, condition, each.pk)


def _event(news: GameDayNews, plan: IncidentPlan, edition: Edition, now: datetime) -> Signal:
    row = news.rows[0]
    page = f"{settings.PUBLIC_URL.rstrip('/')}/incidents/game-days/{news.number or ''}"
    return Signal(
        key=f"game-day/{news.key}",
        clause_id=row.id,
        citation=str(row.origin),
        clause_text=row.text,
        condition=news.condition,
        subject=Message("incident-gameday.subject", failures=tuple(each.name for each in news.rows)),
        value=news.said,
        limit=NOTHING,
        began_at=now,
        detected_at=now,
        advice=Message("incident-gameday.open-the-page", url=page),
        labels={"item": ITEM},
        people=_concerned(plan, edition),
    )


def _concerned(plan: IncidentPlan, edition: Edition) -> tuple[str, ...]:
    """Return whom a real failure would call: those of the matrix and of the levels, and the manager."""
    matrix = rules_for(edition.design.of(NotificationRule), AlertLevel.CRITICAL)
    recipients = chain(*(rule.recipients for rule in matrix), *(level.recipients for level in plan.levels))
    names = (each.name for each in recipients if isinstance(each, Role))
    return tuple(dict.fromkeys((*names, plan.manager)))
