"""Tasks: works that people perform."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("runs", "0008_approvals_of_the_engine"),)
    operations = (
        migrations.AddField("plannedwork", "is_task", models.BooleanField(default=False)),
        migrations.AddField("run", "due_until", models.DateTimeField(null=True)),
    )
