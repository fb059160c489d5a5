from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="WrongClock",
            fields=[
                ("host", models.CharField(max_length=253, primary_key=True, serialize=False)),
                ("ahead_seconds", models.FloatField()),
                ("since", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
            ],
        ),
    ]
