from typing import Any

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def _each_tells_of_its_alert(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Link each existing announcement to its one alert."""
    announcements = apps.get_model("notify", "Announcement").objects.values_list("id", "alert_id")
    link: Any = apps.get_model("notify", "Announcement").alerts.through
    link.objects.bulk_create(
        (link(announcement_id=announcement, alert_id=alert) for announcement, alert in announcements),
        batch_size=400,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("notify", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Escalation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("policy", models.JSONField()),
                ("began_at", models.DateTimeField()),
                ("steps_done", models.PositiveSmallIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Maintenance",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("targets", models.JSONField(default=list)),
                ("author", models.CharField(max_length=150)),
                ("reason", models.TextField()),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Silence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("matchers", models.JSONField()),
                ("author", models.CharField(max_length=150)),
                ("reason", models.TextField()),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="alert",
            name="acknowledged_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="alert",
            name="acknowledged_by",
            field=models.CharField(blank=True, max_length=150),
        ),
        migrations.AddField(
            model_name="alert",
            name="acknowledgement_told",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="alert",
            name="flap_root",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="flaps",
                to="notify.alert",
            ),
        ),
        migrations.AddField(
            model_name="alert",
            name="labels",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="alert",
            name="look_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="announcement",
            name="alerts",
            field=models.ManyToManyField(related_name="told_in", to="notify.alert"),
        ),
        migrations.AlterField(
            model_name="announcement",
            name="kind",
            field=models.CharField(
                choices=[
                    ("firing", "firing"),
                    ("recovered", "recovered"),
                    ("no-data", "no-data"),
                    ("acknowledged", "acknowledged"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["key", "opened_at"], name="alert_key"),
        ),
        migrations.AddField(
            model_name="escalation",
            name="alert",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="escalation", to="notify.alert"
            ),
        ),
        migrations.AddIndex(
            model_name="maintenance",
            index=models.Index(fields=["ends_at"], name="maintenance_end"),
        ),
        migrations.AddConstraint(
            model_name="maintenance",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gte", models.F("starts_at"))), name="maintenance_ends"
            ),
        ),
        migrations.AddIndex(
            model_name="silence",
            index=models.Index(fields=["ends_at"], name="silence_end"),
        ),
        migrations.AddConstraint(
            model_name="silence",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gte", models.F("starts_at"))), name="silence_ends"
            ),
        ),
        migrations.RunPython(_each_tells_of_its_alert, migrations.RunPython.noop),
    ]
