"""Keeps how surely an account is a leaver's: one that is only called alike is not locked."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Q


def reviewed(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
    """Say of what reviewers revoked that it is meant; of leavers' accounts the next look says it."""
    removals = apps.get_model("accounts", "AccessRemoval")
    removals.objects.filter(ground="review").update(basis="declared")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_orderers")]

    operations = [
        migrations.RemoveConstraint("accessremoval", "one_open_removal"),
        migrations.AddField(
            model_name="accessremoval",
            name="basis",
            field=models.CharField(default="alike", max_length=8),
        ),
        migrations.AddField(
            model_name="accessremoval", name="is_theirs", field=models.BooleanField(null=True)
        ),
        migrations.RunPython(reviewed, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="accessremoval",
            constraint=models.UniqueConstraint(
                condition=Q(ended_at=None, withdrawn_at=None, ground="leaver"),
                fields=("system", "account", "leaver"),
                name="one_open_removal_of_leaver",
            ),
        ),
        migrations.AddConstraint(
            model_name="accessremoval",
            constraint=models.UniqueConstraint(
                condition=Q(ended_at=None, withdrawn_at=None, ground="review"),
                fields=("system", "account"),
                name="one_open_removal_of_review",
            ),
        ),
    ]
