"""Keeps whose shell an answer came from: its user fills no second place in another's name."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("approvals", "0005_lockouts")]

    operations = [
        migrations.AddField(
            model_name="approvalanswer",
            name="shell_user",
            field=models.CharField(blank=True, default="", max_length=150),
            preserve_default=False,
        )
    ]
