"""Keeps how often an account had been locked out when it answered: one more voids the answer."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery


def count_lockouts(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
    """Let the answers so far stand."""
    accounts = apps.get_model("people", "Operator").objects.filter(pk=OuterRef("account"))
    answers = apps.get_model("approvals", "ApprovalAnswer").objects.filter(account__isnull=False)
    answers.update(lockouts=Subquery(accounts.values("lockouts")))


class Migration(migrations.Migration):
    dependencies = [("approvals", "0004_appointers"), ("people", "0005_sign_in_counts")]

    operations = [
        migrations.AddField(
            model_name="approvalanswer",
            name="lockouts",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.RunPython(count_lockouts, migrations.RunPython.noop),
    ]
