from django.conf import settings
from django.db import migrations, models

_ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("people", "0004_lockouts")]

    operations = [
        migrations.CreateModel(
            "SignInCount",
            [
                ("id", _ID),
                ("account", models.CharField(blank=True, max_length=64)),
                ("source", models.CharField(blank=True, max_length=100)),
                ("level", models.PositiveIntegerField(default=0)),
                ("last_at", models.DateTimeField(db_index=True)),
                ("is_recorded", models.BooleanField(default=False)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("account", "source"), name="sign_in_count")]
            },
        ),
        migrations.CreateModel(
            "KnownSource",
            [
                ("id", _ID),
                ("source", models.CharField(max_length=100)),
                ("seen_at", models.DateTimeField()),
                (
                    "operator",
                    models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="known_sources"),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("operator", "source"), name="known_source")]
            },
        ),
    ]
