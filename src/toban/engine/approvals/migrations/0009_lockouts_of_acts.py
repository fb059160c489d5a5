"""Keeps the lock-outs before which somebody broke the glass, or delegated: one more ends both."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery


def count_lockouts(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
    """Let what was done so far stand: whoever has an account was given a password once, which is a lock-out."""
    for name, giver in (("BreakGlass", "account"), ("Delegation", "giver")):
        accounts = apps.get_model("people", "Operator").objects.filter(pk=OuterRef(giver))
        done = apps.get_model("approvals", name).objects.filter(**{f"{giver}__isnull": False})
        done.update(lockouts=Subquery(accounts.values("lockouts")))


class Migration(migrations.Migration):
    dependencies = [("approvals", "0008_setters_and_makers")]

    operations = [
        *(
            migrations.AddField(
                model_name=name, name="lockouts", field=models.PositiveIntegerField(default=0)
            )
            for name in ("breakglass", "delegation")
        ),
        migrations.RunPython(count_lockouts, migrations.RunPython.noop),
    ]
