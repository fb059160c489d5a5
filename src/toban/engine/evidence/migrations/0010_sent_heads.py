from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("evidence", "0009_judgements_age")]

    operations = [
        migrations.CreateModel(
            name="SentHead",
            fields=[
                ("channel", models.CharField(max_length=300, primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("sequence", models.BigIntegerField()),
                ("digest", models.CharField(max_length=64)),
            ],
        )
    ]
