from django.db import migrations, models

import toban.engine.message_field


class Migration(migrations.Migration):
    dependencies = [("cost", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="daycharge",
            name="hours",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="daycharge",
            name="by_hour",
            field=models.BigIntegerField(default=0),
        ),
        migrations.CreateModel(
            name="QuietGroup",
            fields=[
                ("group", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("measure", models.CharField(max_length=200)),
                ("looked_at", models.DateTimeField()),
                ("outcome", models.CharField(max_length=10)),
                ("since", models.DateTimeField()),
                ("is_needed", models.BooleanField()),
                ("wanted", models.IntegerField(null=True)),
                ("serving", models.IntegerField(null=True)),
                (
                    "said",
                    toban.engine.message_field.MessageField(
                        blank=True, default=toban.engine.message_field.nothing
                    ),
                ),
                ("before", models.IntegerField(null=True)),
                ("lowered_at", models.DateTimeField(null=True)),
                ("run", models.BigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="SavedTime",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("measure", models.CharField(max_length=200)),
                ("group", models.CharField(max_length=200)),
                ("day", models.DateField()),
                ("seconds", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["day"], name="saved_day")],
                "constraints": [
                    models.UniqueConstraint(fields=("measure", "group", "day"), name="one_saved_day")
                ],
            },
        ),
        migrations.CreateModel(
            name="LifecycleLook",
            fields=[
                ("measure", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("place", models.CharField(max_length=300)),
                ("looked_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
                ("rules", models.JSONField(default=list)),
                (
                    "trouble",
                    toban.engine.message_field.MessageField(
                        blank=True, default=toban.engine.message_field.nothing
                    ),
                ),
            ],
        ),
    ]
