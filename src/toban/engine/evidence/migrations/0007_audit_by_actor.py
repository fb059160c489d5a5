from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("evidence", "0006_status_as_messages")]

    operations = [
        migrations.AddIndex(
            "LedgerEntry",
            models.Index(fields=("actor", "sequence"), condition=models.Q(kind="audit"), name="ledger_actor"),
        )
    ]
