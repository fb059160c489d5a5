from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tokens", "0002_signed_requests"),
    ]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="shell_user",
            field=models.CharField(blank=True, default="", max_length=150),
            preserve_default=False,
        ),
    ]
