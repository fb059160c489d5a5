from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("logs", "0004_trouble_as_message")]

    operations = [
        migrations.CreateModel(
            name="UnwantedLevel",
            fields=[
                ("level", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("sender", models.CharField(max_length=200)),
                ("seen_at", models.DateTimeField()),
            ],
        )
    ]
