"""Keeps who gave an account its password: for a while they could sign in with it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0005_sign_in_counts")]

    operations = [
        migrations.AddField(
            model_name="operator", name="password_setters", field=models.JSONField(blank=True, default=list)
        ),
        migrations.AddField(
            model_name="operator", name="password_set_at", field=models.DateTimeField(blank=True, null=True)
        ),
    ]
