from django.db import migrations

from toban.engine.message_field import become_messages


class Migration(migrations.Migration):
    dependencies = [("backup", "0002_subject_turns")]

    operations = [
        *become_messages("backup", "Backup", "trouble", "pruned_why"),
        *become_messages("backup", "LogStretch", "broken_why"),
        *become_messages("backup", "Drill", "reason"),
    ]
