from datetime import timedelta

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F


def age_former_judgements(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let what is shown now go out of date: nobody may ever judge it again."""
    judged = apps.get_model("evidence", "ClauseStatus").objects.exclude(
        verdict__in=("not-measurable", "unbound", "declared")
    )
    judged.update(holds_until=F("observed_at") + timedelta(minutes=4))
    judged.filter(next_due__gt=F("holds_until")).update(holds_until=F("next_due") + timedelta(minutes=2))


class Migration(migrations.Migration):
    dependencies = [("evidence", "0008_verdicts")]

    operations = [
        migrations.AddField("clausestatus", "holds_until", models.DateTimeField(db_index=True, null=True)),
        migrations.RunPython(age_former_judgements, migrations.RunPython.noop),
    ]
