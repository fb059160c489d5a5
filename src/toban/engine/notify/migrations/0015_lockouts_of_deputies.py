"""Keeps whose account made a deputy, and its lock-outs before: one more ends the deputy."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery


def join_accounts(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
    """Let the deputies so far stand, until their makers are locked out."""
    accounts = apps.get_model("people", "Operator").objects.filter(username=OuterRef("author"))
    made = apps.get_model("notify", "DutyOverride").objects
    made.update(account=Subquery(accounts.values("pk")), lockouts=Subquery(accounts.values("lockouts")))


class Migration(migrations.Migration):
    dependencies = [
        ("notify", "0014_makers_of_deputies"),
        ("people", "0004_lockouts"),
    ]

    operations = [
        migrations.AddField(
            model_name="dutyoverride",
            name="account",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="dutyoverride", name="lockouts", field=models.PositiveIntegerField(null=True)
        ),
        migrations.RunPython(join_accounts, migrations.RunPython.noop),
    ]
