from django.db import migrations

from toban.engine.message_field import become_messages


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0002_arrivals"),
    ]

    operations = [*become_messages("monitoring", "MonitorState", "note")]
