from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notify", "0004_outside"),
    ]

    operations = [
        migrations.AddField(
            model_name="alert",
            name="released_at",
            field=models.DateTimeField(null=True),
        ),
    ]
