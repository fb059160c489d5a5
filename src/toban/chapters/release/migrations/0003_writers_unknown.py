"""Keeps whether all commits of a release were looked at: whoever wrote the others may not approve it alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("release", "0002_loses_migrations")]

    operations = [
        migrations.AddField(
            model_name="release",
            name="is_writer_unknown",
            field=models.BooleanField(default=False),
        )
    ]
