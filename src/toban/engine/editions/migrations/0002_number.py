"""Numbers the versions in force: a former one that is put back is not taken again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("editions", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="sharededition", name="number", field=models.PositiveBigIntegerField(default=0)
        )
    ]
