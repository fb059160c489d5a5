from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="SharedEdition",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("document_digest", models.CharField(max_length=64)),
                ("bindings_digest", models.CharField(max_length=64)),
                ("document", models.BinaryField()),
                ("bindings", models.BinaryField()),
                ("signature", models.CharField(max_length=64)),
            ],
        ),
    ]
