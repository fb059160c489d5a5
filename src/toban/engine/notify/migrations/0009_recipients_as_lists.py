from collections.abc import Callable

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_AT_ONCE = 500

type Change = Callable[[Apps, BaseDatabaseSchemaEditor], None]


def _apart(model: str, lists: dict[str, tuple[str, str | None]]) -> Change:
    """Split texts of *model* into lists; *lists*: new field → old field and its separator (None: blanks)."""

    def change(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
        rows = apps.get_model("notify", model).objects.only("pk", *(old for old, _ in lists.values()))
        changed = []
        for row in rows.iterator(_AT_ONCE):
            for new, (old, between) in lists.items():
                text = getattr(row, old)
                setattr(row, new, text.split(between) if text else [])
            changed.append(row)
            if len(changed) == _AT_ONCE:
                rows.bulk_update(changed, list(lists))
                changed = []
        rows.bulk_update(changed, list(lists))

    return change


def _people_apart(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
    for alert in apps.get_model("notify", "Alert").objects.filter(labels__has_key="people"):
        alert.people = alert.labels.pop("people").split("、")
        alert.save(update_fields=["people", "labels"])


class Migration(migrations.Migration):
    dependencies = [("notify", "0008_one_worker_sends")]

    operations = [
        migrations.AddField("alert", "people", models.JSONField(default=list)),
        migrations.AddField("delivery", "addresses", models.JSONField(default=list)),
        migrations.AddField("delivery", "recipients", models.JSONField(default=list)),
        migrations.AddField("stageoutcome", "recipients", models.JSONField(default=list)),
        migrations.RunPython(_people_apart, migrations.RunPython.noop),
        migrations.RunPython(
            _apart("Delivery", {"recipients": ("recipient", "、"), "addresses": ("address", None)}),
            migrations.RunPython.noop,
        ),
        migrations.RunPython(
            _apart("StageOutcome", {"recipients": ("recipient", "、")}), migrations.RunPython.noop
        ),
        migrations.RemoveField("delivery", "address"),
        migrations.RemoveField("delivery", "recipient"),
        migrations.RemoveField("stageoutcome", "recipient"),
    ]
