import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.TextField()),
                ("clause_id", models.CharField(max_length=300)),
                ("citation", models.TextField()),
                ("clause_text", models.TextField()),
                ("subject", models.TextField()),
                ("document_digest", models.CharField(blank=True, max_length=64)),
                (
                    "condition",
                    models.CharField(
                        choices=[
                            ("ok", "ok"),
                            ("warning", "warning"),
                            ("critical", "critical"),
                            ("no-data", "no-data"),
                        ],
                        max_length=16,
                    ),
                ),
                ("value", models.TextField()),
                ("limit", models.TextField(blank=True)),
                ("advice", models.TextField(blank=True)),
                ("began_at", models.DateTimeField()),
                ("opened_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("resolved_at", models.DateTimeField(null=True)),
                ("settled", models.BooleanField(default=False)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("settled", False)), fields=["id"], name="alert_unsettled"
                    ),
                    models.Index(fields=["clause_id", "opened_at"], name="alert_clause"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("resolved_at", None)), fields=("key",), name="alert_open_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Announcement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("firing", "firing"), ("recovered", "recovered"), ("no-data", "no-data")],
                        max_length=16,
                    ),
                ),
                (
                    "condition",
                    models.CharField(
                        choices=[
                            ("ok", "ok"),
                            ("warning", "warning"),
                            ("critical", "critical"),
                            ("no-data", "no-data"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[("critical", "critical"), ("warning", "warning"), ("info", "info")],
                        max_length=16,
                    ),
                ),
                ("title", models.CharField(max_length=500)),
                ("facts", models.JSONField()),
                ("at", models.DateTimeField()),
                ("url", models.TextField(blank=True)),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="announcements",
                        to="notify.alert",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=64, unique=True)),
                ("destination", models.TextField()),
                ("channel", models.CharField(max_length=200)),
                ("address", models.TextField(blank=True)),
                ("recipient", models.TextField()),
                ("rule_id", models.CharField(max_length=300)),
                ("rule_citation", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("delivered", "Delivered"), ("failed", "Failed")],
                        default="waiting",
                        max_length=16,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("next_at", models.DateTimeField()),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("claim", models.CharField(blank=True, max_length=32)),
                ("claimed_until", models.DateTimeField(null=True)),
                ("settled_at", models.DateTimeField(null=True)),
                ("receipt", models.TextField(blank=True)),
                ("error", models.TextField(blank=True)),
                (
                    "announcement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="notify.announcement",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["channel", "next_at"],
                        name="delivery_due",
                    ),
                    models.Index(fields=["rule_id", "id"], name="delivery_rule"),
                ],
            },
        ),
        migrations.CreateModel(
            name="StageOutcome",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "condition",
                    models.CharField(
                        choices=[
                            ("ok", "ok"),
                            ("warning", "warning"),
                            ("critical", "critical"),
                            ("no-data", "no-data"),
                        ],
                        max_length=16,
                    ),
                ),
                ("destination", models.TextField(blank=True)),
                ("recipient", models.TextField(blank=True)),
                ("rule_id", models.CharField(blank=True, max_length=300)),
                ("rule_citation", models.TextField(blank=True)),
                ("passed", models.BooleanField()),
                ("stage", models.CharField(max_length=32)),
                ("reason", models.CharField(max_length=64)),
                ("detail", models.TextField(blank=True)),
                ("trail", models.JSONField()),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outcomes",
                        to="notify.alert",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["alert", "id"], name="outcome_alert")],
            },
        ),
    ]
