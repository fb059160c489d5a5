"""Keeps by which accounts whoever named what proves a measure may be known."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incident", "0002_writers")]

    operations = [
        migrations.AddField(
            model_name="preventionmeasure", name="recorders", field=models.JSONField(default=list)
        )
    ]
