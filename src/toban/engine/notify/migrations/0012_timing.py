import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery

_KINDS = ("firing", "recovered", "no-data", "acknowledged", "digest")
_CONDITIONS = ("ok", "info", "warning", "critical", "no-data")


def _say(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
    """All alerts of a former announcement have its kind and condition."""
    said = apps.get_model("notify", "Announcement").objects.filter(pk=OuterRef("announcement"))
    apps.get_model("notify", "AnnouncedAlert").objects.update(
        kind=Subquery(said.values("kind")[:1]), condition=Subquery(said.values("condition")[:1])
    )


def _choices(values: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(each, each) for each in values]


class Migration(migrations.Migration):
    dependencies = [("notify", "0011_heard_at")]

    operations = [
        migrations.CreateModel(
            "DigestTurn",
            [
                ("digest", models.CharField(max_length=300, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.AlterField(
            "announcement", "kind", models.CharField(choices=_choices(_KINDS), max_length=16)
        ),
        # The table that Django made for the many-to-many field becomes a model with columns of its own.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    "AnnouncedAlert",
                    [
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "announcement",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, to="notify.announcement"
                            ),
                        ),
                        (
                            "alert",
                            models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="notify.alert"),
                        ),
                    ],
                    options={
                        "db_table": "notify_announcement_alerts",
                        "unique_together": {("announcement", "alert")},
                    },
                ),
                migrations.AlterField(
                    "announcement",
                    "alerts",
                    models.ManyToManyField(
                        related_name="told_in", through="notify.AnnouncedAlert", to="notify.alert"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            "announcedalert",
            "kind",
            models.CharField(choices=_choices(_KINDS), default="", max_length=16),
            preserve_default=False,
        ),
        migrations.AddField(
            "announcedalert",
            "condition",
            models.CharField(choices=_choices(_CONDITIONS), default="", max_length=16),
            preserve_default=False,
        ),
        migrations.RunPython(_say, migrations.RunPython.noop),
    ]
