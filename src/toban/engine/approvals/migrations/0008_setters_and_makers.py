"""Keeps who could sign in as those who answered, and who may have made a delegation."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("approvals", "0007_all_appointers")]

    operations = [
        migrations.AddField(
            model_name="approvalanswer", name="setters", field=models.JSONField(default=list)
        ),
        migrations.AddField(model_name="breakglass", name="setters", field=models.JSONField(default=list)),
        migrations.AddField(model_name="delegation", name="makers", field=models.JSONField(default=list)),
    ]
