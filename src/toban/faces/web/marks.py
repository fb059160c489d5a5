"""What happened to a row in a period, as marks on its chart."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from toban.engine.editions.edition import Edition
from toban.engine.notify.models import Alert
from toban.engine.notify.planned import planned
from toban.faces.web.charts import ChartMark, Tone

_MOST = 100
"""Alerts that are marked: with more, nobody could tell one from the next."""


def maintenance(target: str, edition: Edition, start: datetime, end: datetime) -> list[ChartMark]:
    """Return the planned maintenance that concerns *target*."""
    spans = planned(target, edition.design, edition.bindings.system, (start, end))
    return [ChartMark(_("計画メンテナンス"), Tone.RUN, at, until) for at, until in spans]


def alerts(clause_id: str, start: datetime, end: datetime) -> Sequence[ChartMark]:
    """Return the alerts of a row, each from its beginning to its end."""
    overlapping = Alert.objects.filter(Q(resolved_at=None) | Q(resolved_at__gte=start), began_at__lte=end)
    found = overlapping.filter(clause_id=clause_id).order_by("-began_at")[:_MOST]
    return [ChartMark(_("アラート"), Tone.BAD, each.began_at, each.resolved_at or end) for each in found]
