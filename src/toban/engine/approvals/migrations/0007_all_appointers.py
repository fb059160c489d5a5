"""Keeps every account that may have made those deputies that approved as one."""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def _as_list(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    # As the table was then: the type checker knows it only as it is now.
    answers: Any = apps.get_model("approvals", "ApprovalAnswer").objects
    for answer in answers.filter(appointer__isnull=False).iterator():
        answers.filter(pk=answer.pk).update(appointers=[answer.appointer_id])


class Migration(migrations.Migration):
    dependencies = [("approvals", "0006_shell_of_answers")]

    operations = [
        migrations.AddField(
            model_name="approvalanswer", name="appointers", field=models.JSONField(default=list)
        ),
        migrations.RunPython(_as_list, migrations.RunPython.noop),
        migrations.RemoveField(model_name="approvalanswer", name="appointer"),
    ]
