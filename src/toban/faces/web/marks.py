"""What happened to a monitor's row in a time, as marks on its chart."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from toban.chapters.monitoring.feeds import target_of
from toban.chapters.objectives.service import planned
from toban.chapters.objectives.sli import Indicator
from toban.design.clauses.monitoring import Monitor
from toban.design.values.metric import Metric
from toban.engine.bindings.edition import Edition
from toban.engine.notify.models import Alert
from toban.faces.web.charts import Mark, Tone

_MOST = 100
"""Alerts that are marked: with more, nobody could tell one from the next."""


def maintenance(monitor: Monitor, edition: Edition, start: datetime, end: datetime) -> list[Mark]:
    """Return the planned maintenance that *monitor* falls into."""
    of = Indicator(monitor.id, Metric.UP, target_of(monitor))
    spans = planned(of, edition.design, edition.bindings, (start, end))
    return [Mark(_("計画メンテナンス"), Tone.RUN, at, until) for at, until in spans]


def alerts(monitor: Monitor, start: datetime, end: datetime) -> Sequence[Mark]:
    """Return the alerts of *monitor*, each from its beginning to its end."""
    overlapping = Alert.objects.filter(Q(resolved_at=None) | Q(resolved_at__gte=start), began_at__lte=end)
    found = overlapping.filter(clause_id=monitor.id).order_by("-began_at")[:_MOST]
    return [Mark(_("アラート"), Tone.BAD, each.began_at, each.resolved_at or end) for each in found]
