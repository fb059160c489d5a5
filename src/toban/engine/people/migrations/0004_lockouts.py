from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0003_feed_token")]

    operations = [
        migrations.AddField("operator", "lockouts", models.PositiveIntegerField(default=0)),
    ]
