"""Keeps the lock-outs before which somebody handed a task on: one more makes it the role's again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tasks", "0005_extra_tasks")]

    operations = [
        migrations.AddField(
            model_name="handover", name="lockouts", field=models.PositiveIntegerField(null=True)
        ),
        migrations.AddField(
            model_name="swapleg", name="lockouts", field=models.PositiveIntegerField(null=True)
        ),
    ]
