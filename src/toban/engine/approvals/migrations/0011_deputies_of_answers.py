"""Keeps as which deputy somebody answered: who made them one may be locked out before the answer is used."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0010_answers_in_chats"),
        ("notify", "0015_lockouts_of_deputies"),
    ]

    operations = [
        migrations.AddField(
            model_name="approvalanswer",
            name="deputy",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="notify.dutyoverride",
            ),
        )
    ]
