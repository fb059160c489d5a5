"""Keeps whose shell it was beside the account: its person counts as one who asked, too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exceptions", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="rowexception",
            name="shell_user",
            field=models.CharField(blank=True, default="", max_length=150),
            preserve_default=False,
        )
    ]
