"""Keeps as which deputy somebody gave a task away: it ends with a lock-out of whoever made them one, too."""

import django.db.models.deletion
from django.db import migrations, models


def _deputy() -> "models.ForeignKey[object, object]":
    return models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="notify.dutyoverride"
    )


class Migration(migrations.Migration):
    dependencies = [("tasks", "0006_lockouts_of_givers"), ("notify", "0015_lockouts_of_deputies")]

    operations = [
        migrations.AddField(model_name="handover", name="deputy", field=_deputy()),
        migrations.AddField(model_name="swapleg", name="deputy", field=_deputy()),
    ]
