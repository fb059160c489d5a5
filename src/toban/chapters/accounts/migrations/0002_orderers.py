"""Keeps who ordered that accounts go: they don't approve that Toban locks them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField(model_name=name, name="orderers", field=models.JSONField(default=list))
        for name in ("leaver", "accessremoval")
    ]
