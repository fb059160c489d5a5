"""Says when the accounts of a system were read anew, so that they are loaded only then."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_given_up")]

    operations = [
        migrations.AddField(
            model_name="systemreading",
            name="revision",
            field=models.CharField(blank=True, default="", max_length=32),
            preserve_default=False,
        ),
    ]
