"""Keeps who may have made a deputy in its author's name, by a password that they gave them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notify", "0013_change_postings")]

    operations = [
        migrations.AddField(model_name="dutyoverride", name="makers", field=models.JSONField(default=list))
    ]
