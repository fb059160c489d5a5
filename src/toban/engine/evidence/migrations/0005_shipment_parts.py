from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("evidence", "0004_shipments_by_place"),
    ]

    operations = [
        migrations.AddField(
            model_name="shipment",
            name="parts",
            field=models.JSONField(null=True),
        ),
    ]
