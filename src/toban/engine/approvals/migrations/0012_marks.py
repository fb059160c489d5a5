"""Keeps by what humans were known when they ordered, answered or went ahead: accounts change their owners."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("approvals", "0011_deputies_of_answers")]

    operations = [
        migrations.AddField(
            model_name="approvalrequest", name="orderer_marks", field=models.JSONField(null=True)
        ),
        migrations.AddField(model_name="approvalanswer", name="marks", field=models.JSONField(default=list)),
        migrations.AddField(model_name="breakglass", name="marks", field=models.JSONField(default=list)),
    ]
