from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notify", "0005_released"),
    ]

    operations = [
        migrations.CreateModel(
            name="DutyOverride",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("role", models.TextField()),
                ("person", models.TextField()),
                ("author", models.CharField(max_length=150)),
                ("reason", models.TextField()),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["ends_at"], name="override_end")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gte", models.F("starts_at"))), name="override_ends"
                    )
                ],
            },
        ),
    ]
