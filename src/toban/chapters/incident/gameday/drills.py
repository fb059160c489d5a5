"""Which alerts a game day has made."""

from collections.abc import Mapping, Sequence

from django.db.models import Q

from toban.chapters.incident.gameday.looking import is_symptom
from toban.chapters.incident.models import GameDay
from toban.chapters.incident.remedies.telling import ITEM as REMEDY
from toban.design.clauses.incident import FailurePattern
from toban.engine.editions.edition import Edition
from toban.engine.notify.deciding.records import AlertRecord
from toban.engine.notify.models import Alert


def of_drills(edition: Edition, alerts: Sequence[Alert | AlertRecord]) -> set[int]:
    """Return the numbers of those of *alerts* that game days have made. See `DRILLS`.

    Only what shows the failure itself, and what is said of its remedies: everything else that happens on a
    game day may be real.
    """
    if not alerts:
        return set()
    first = min(each.opened_at for each in alerts)
    last = max(each.opened_at for each in alerts)
    is_then = Q(ended_at=None) | Q(ended_at__gte=first)
    held = list(GameDay.objects.filter(is_then, broken_at__lte=last))
    rows = {row.id: row for row in edition.design.of(FailurePattern)}
    return {each.id for each in alerts if any(_is_of(each, game_day, rows) for game_day in held)}


def _is_of(alert: Alert | AlertRecord, game_day: GameDay, rows: Mapping[str, FailurePattern]) -> bool:
    if alert.opened_at < game_day.broken_at:
        return False
    if game_day.ended_at is not None and alert.opened_at > game_day.ended_at:
        return False
    row = rows.get(game_day.clause_id)
    is_of_remedy = alert.labels.get("item") == REMEDY and alert.clause_id == game_day.clause_id
    return is_of_remedy or (row is not None and is_symptom(row, alert))
