"""Notes, errors, progress and logs of runs become messages."""

from django.db import migrations

from toban.engine.message_field import become_messages


class Migration(migrations.Migration):
    dependencies = (("runs", "0005_parameters"),)
    operations = (
        *become_messages("runs", "Run", "note", "progress_text"),
        *become_messages("runs", "Attempt", "error"),
        *become_messages("runs", "RunLog", "text"),
    )
