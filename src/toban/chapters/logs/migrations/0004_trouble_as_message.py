from django.db import migrations

from toban.engine.message_field import become_messages


class Migration(migrations.Migration):
    dependencies = [("logs", "0003_pull")]

    operations = become_messages("logs", "Pull", "trouble")
