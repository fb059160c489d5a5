"""Keeps by which accounts whoever asked for an exception may be known: their passwords change."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exceptions", "0002_shell_user")]

    operations = [
        migrations.AddField(model_name="rowexception", name="orderers", field=models.JSONField(default=list))
    ]
