"""Keeps when the owner of an account was told that its given password was used.

Passwords that were chosen before count from when theirs was given, as they did.
"""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F


def _as_before(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    # As the table was then: the type checker knows it only as it is now.
    operators: Any = apps.get_model("people", "Operator").objects
    operators.filter(must_change_password=False).update(password_told_at=F("password_set_at"))


class Migration(migrations.Migration):
    dependencies = [("people", "0006_password_setters")]

    operations = [
        migrations.AddField(
            model_name="operator", name="password_told_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.RunPython(_as_before, migrations.RunPython.noop),
    ]
