from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("objectives", "0002_burn_rates"),
    ]

    operations = [
        migrations.CreateModel(
            name="ServiceSpell",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("service", models.TextField()),
                ("state", models.CharField(max_length=16)),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("seen_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["ended_at"], name="spell_end")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("service",),
                        name="one_state_at_a_time",
                    )
                ],
            },
        ),
    ]
