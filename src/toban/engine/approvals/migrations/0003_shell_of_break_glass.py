"""Keeps whose shell it was beside the account: what was done without an account says so in its name only."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def name_shells(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
    """Fill in the users of those who named no account."""
    for each in apps.get_model("approvals", "BreakGlass").objects.filter(by__startswith="shell:"):
        each.shell_user = each.by.removeprefix("shell:")
        each.save(update_fields=["shell_user"])


class Migration(migrations.Migration):
    dependencies = [("approvals", "0002_answers_by_the_api")]

    operations = [
        migrations.AddField(
            model_name="breakglass",
            name="shell_user",
            field=models.CharField(blank=True, default="", max_length=150),
            preserve_default=False,
        ),
        migrations.RunPython(name_shells, migrations.RunPython.noop),
    ]
