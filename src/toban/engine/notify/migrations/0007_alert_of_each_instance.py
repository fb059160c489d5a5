"""Monitors raise one alert for each instance: open alerts continue under the key of their instance."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_MONITORS = "monitoring/monitor/"
_NO_DATA = "/no-data"


def name_instances(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Add to each key the instance that its alert is about."""
    alerts = apps.get_model("notify", "Alert")
    for alert in alerts.objects.filter(resolved_at=None, clause_id__startswith=_MONITORS):
        instance = alert.labels.get("instance")
        if instance and alert.key in (alert.clause_id, alert.clause_id + _NO_DATA):
            rest = alert.key.removeprefix(alert.clause_id)
            alert.key = f"{alert.clause_id}/{instance}{rest}"
            alert.save(update_fields=["key"])


class Migration(migrations.Migration):
    dependencies = [("notify", "0006_duty_overrides")]

    operations = [migrations.RunPython(name_instances, migrations.RunPython.noop)]
