from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F


def _by_rule(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
    """Show the rule until a worker, at its next start, writes the document's words."""
    apps.get_model("runs", "PlannedWork").objects.update(timing=F("rule"))


class Migration(migrations.Migration):
    dependencies = [("runs", "0006_notes_as_messages")]

    operations = [
        migrations.AddField("plannedwork", "timing", models.TextField(default="")),
        migrations.RunPython(_by_rule, migrations.RunPython.noop),
    ]
