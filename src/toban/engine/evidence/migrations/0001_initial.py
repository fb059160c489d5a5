from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="ClauseStatus",
            fields=[
                ("clause_id", models.CharField(max_length=300, primary_key=True, serialize=False)),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("deviating", "deviating"),
                            ("not-performed", "not-performed"),
                            ("warning", "warning"),
                            ("not-measurable", "not-measurable"),
                            ("unbound", "unbound"),
                            ("conforming", "conforming"),
                        ],
                        max_length=16,
                    ),
                ),
                ("since", models.DateTimeField()),
                ("value", models.CharField(blank=True, max_length=200)),
                ("reason", models.TextField(blank=True)),
                ("observed_at", models.DateTimeField(null=True)),
                ("next_due", models.DateTimeField(null=True)),
                ("revision", models.BigIntegerField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="LedgerEntry",
            fields=[
                ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("verdict", "Verdict"),
                            ("notice", "Notice"),
                            ("audit", "Audit"),
                            ("document", "Document"),
                        ],
                        max_length=16,
                    ),
                ),
                ("actor", models.CharField(max_length=150)),
                ("clause_id", models.CharField(blank=True, max_length=300)),
                ("document_digest", models.CharField(blank=True, max_length=64)),
                ("content", models.JSONField()),
                ("previous", models.CharField(max_length=64)),
                ("digest", models.CharField(max_length=64, unique=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["clause_id", "sequence"], name="ledger_clause"),
                    models.Index(fields=["kind", "sequence"], name="ledger_kind"),
                ],
            },
        ),
    ]
