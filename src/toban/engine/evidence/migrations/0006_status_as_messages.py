from django.db import migrations

from toban.engine.message_field import become_messages


class Migration(migrations.Migration):
    dependencies = [("evidence", "0005_shipment_parts")]

    operations = become_messages("evidence", "ClauseStatus", "value", "reason")
