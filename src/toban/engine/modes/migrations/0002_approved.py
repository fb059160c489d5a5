"""Keeps for what acting without asking was approved."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("modes", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="modesetting",
            name="approved",
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
    ]
