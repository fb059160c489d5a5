from django.db import migrations, models

VERDICTS = (
    "deviating",
    "not-performed",
    "warning",
    "not-measurable",
    "between",
    "unbound",
    "not-due",
    "conforming",
    "declared",
)


class Migration(migrations.Migration):
    dependencies = [("evidence", "0007_audit_by_actor")]

    operations = [
        migrations.AlterField(
            model_name="clausestatus",
            name="verdict",
            field=models.CharField(max_length=16, choices=[(verdict, verdict) for verdict in VERDICTS]),
        )
    ]
