"""An early Toban raised one alert for each row, without labels: those still open continue under their instance.

`notify/0007` can't name the instance of such an alert: the rows' own states can. Left as they were, they would
stand beside the alerts of the instances, and nobody would ever end them.
"""

from collections.abc import Sequence
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.utils import timezone

from toban.message import Message

_MONITORS = "monitoring/monitor/"
_NO_DATA = "/no-data"
_BAD = ("critical", "warning")
"""The worst first: the instance that stood for its row."""


def name_instances(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let each of these alerts go on under the key of its instance, or end it if that has an alert already."""
    alerts = apps.get_model("notify", "Alert").objects.filter(resolved_at=None)
    states = apps.get_model("monitoring", "MonitorState").objects.order_by("instance")
    of_rows = alerts.filter(clause_id__startswith=_MONITORS, labels={})
    named_by_row = (F("clause_id"), Concat("clause_id", Value(_NO_DATA)))
    for alert in of_rows.filter(key__in=named_by_row):
        rest = alert.key.removeprefix(alert.clause_id)
        instance = _instance(alert, list(states.filter(clause_id=alert.clause_id)))
        key = f"{alert.clause_id}/{instance}{rest}"
        if instance is None or alerts.filter(key=key).exists():
            _end(alert)
        else:
            alert.key, alert.labels = key, {"instance": instance}
            alert.save(update_fields=["key", "labels"])


def _instance(alert: Any, states: Sequence[Any]) -> str | None:
    """Return the instance that *alert* is about: one as bad, else one that is bad, else any of the row's.

    One that is well by now ends the alert with its next measurement. None: the row has no instance.
    """
    wanted = (alert.condition, *_BAD) if alert.condition in _BAD else (alert.condition,)
    found = [state.instance for condition in wanted for state in states if state.condition == condition]
    return next(iter(found or [state.instance for state in states]), None)


def _end(alert: Any) -> None:
    alert.resolved_at = alert.changed_at = timezone.now()
    alert.value = Message("monitoring.alerts-are-by-instance")
    alert.look_at = None
    alert.save(update_fields=["resolved_at", "changed_at", "value", "look_at"])


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0004_windows"), ("notify", "0013_change_postings")]

    operations = [migrations.RunPython(name_instances, migrations.RunPython.noop)]
