"""Keeps who gave an account its role, and when: nobody makes a manager who then reviews what they did."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0007_password_told_at")]

    operations = [
        migrations.AddField(
            model_name="operator", name="role_setters", field=models.JSONField(blank=True, default=list)
        ),
        migrations.AddField(
            model_name="operator", name="role_set_at", field=models.DateTimeField(blank=True, null=True)
        ),
    ]
