"""Tasks: works that people perform."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("runs", "0009_hosts"),)
    operations = (
        migrations.AddField("plannedwork", "is_task", models.BooleanField(default=False)),
        migrations.AddField("run", "due_until", models.DateTimeField(null=True)),
    )
