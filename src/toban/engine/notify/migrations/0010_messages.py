from collections.abc import Sequence

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from toban.engine.message_field import become_messages
from toban.engine.notify.reason import NoticeReason
from toban.message import plain

_AT_ONCE = 500


def _facts(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
    """Turn the texts of announcements into plain messages."""
    rows = apps.get_model("notify", "Announcement").objects.only("pk", "facts")
    changed = []
    for row in rows.iterator(_AT_ONCE):
        row.facts = [_pair(each) for each in row.facts]
        changed.append(row)
        if len(changed) == _AT_ONCE:
            rows.bulk_update(changed, ["facts"])
            changed = []
    rows.bulk_update(changed, ["facts"])


def _pair(texts: Sequence[str]) -> list[object]:
    return [plain(text).as_json() for text in texts]


def _reasons(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
    """Give bare reasons their codes, so that nothing new is recorded about alerts that are open now."""
    outcomes = apps.get_model("notify", "StageOutcome").objects
    for reason in NoticeReason:
        said = plain(reason.said.in_language("ja"))
        outcomes.filter(reason=reason.value, detail=said.as_json()).update(detail=reason.said)


class Migration(migrations.Migration):
    dependencies = [("notify", "0009_recipients_as_lists")]

    operations = [
        *become_messages("notify", "Alert", "subject", "value", "limit", "advice"),
        *become_messages("notify", "Announcement", "title"),
        *become_messages("notify", "Delivery", "rule_citation", "error"),
        *become_messages("notify", "StageOutcome", "rule_citation", "detail"),
        migrations.RunPython(_facts, migrations.RunPython.noop),
        migrations.RunPython(_reasons, migrations.RunPython.noop),
        migrations.AddField(
            "delivery",
            "language",
            models.CharField(choices=[("ja", "ja"), ("en", "en")], default="ja", max_length=8),
        ),
    ]
