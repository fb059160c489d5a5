from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("objectives", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="BurnRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("objective", models.CharField(max_length=300)),
                ("long_seconds", models.PositiveIntegerField()),
                ("long", models.FloatField(null=True)),
                ("short", models.FloatField(null=True)),
                ("measured_by", models.CharField(max_length=300)),
                ("counted_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("objective", "long_seconds"), name="one_rate_per_rule")
                ],
            },
        ),
    ]
