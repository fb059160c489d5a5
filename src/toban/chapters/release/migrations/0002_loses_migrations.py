"""Keeps whether a release goes back over migrations: nobody approves that alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("release", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="release",
            name="loses_migrations",
            field=models.BooleanField(default=False),
        )
    ]
