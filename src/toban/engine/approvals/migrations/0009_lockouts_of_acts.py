"""Keeps the lock-outs before which somebody broke the glass, or delegated: one more ends both."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("approvals", "0008_setters_and_makers")]

    operations = [
        migrations.AddField(model_name=name, name="lockouts", field=models.PositiveIntegerField(default=0))
        for name in ("breakglass", "delegation")
    ]
