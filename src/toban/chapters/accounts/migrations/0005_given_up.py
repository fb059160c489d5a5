"""Ends the removals of systems that are bound no more."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_proof")]

    operations = [
        migrations.AddField(
            model_name="accessremoval", name="is_given_up", field=models.BooleanField(default=False)
        ),
    ]
