"""Make events that were stored earlier searchable by their values, too."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import zstandard
from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from toban.chapters.errors.intake.event import ErrorEvent, EventLevel, RaisedException
from toban.chapters.errors.intake.payload import LARGEST
from toban.chapters.errors.searching.search import values_of

_PLAIN = (
    *("message", "platform", "logger", "transaction", "server", "release", "environment"),
    *("user", "tags", "request"),
)
_AT_ONCE = 2000


def make_findable(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    values, events = (apps.get_model("errors", name) for name in ("ErrorValue", "StoredEvent"))
    found: list[Any] = []
    for group in apps.get_model("errors", "ErrorGroup").objects.order_by("pk").values_list("pk", flat=True):
        held: dict[tuple[str, str, bool], int] = {}
        for stored in events.objects.filter(group=group).order_by("pk").iterator(chunk_size=20):
            held |= {(*each, stored.is_sample): stored.pk for each in values_of(_read(stored))}
        found += _rows(values, group, held)
        if len(found) >= _AT_ONCE:
            values.objects.bulk_create(found)
            found = []
    values.objects.bulk_create(found)


def _rows(values: Any, group: int, held: Mapping[tuple[str, str, bool], int]) -> Iterator[Any]:
    for (name, value, is_sample), event in held.items():
        yield values(group_id=group, event_id=event, is_sample=is_sample, name=name, value=value)


def _read(stored: Any) -> ErrorEvent:
    kept = orjson.loads(zstandard.decompress(bytes(stored.content), max_output_size=4 * LARGEST))
    return ErrorEvent(
        event_id=stored.event_id,
        at=stored.at,
        level=EventLevel(kept["level"]),
        template="",
        raised=tuple(RaisedException(each["kind"], each["value"]) for each in kept["raised"]),
        **{name: kept[name] for name in _PLAIN},
    )


class Migration(migrations.Migration):
    dependencies = [
        ("errors", "0003_values"),
    ]

    operations = [
        migrations.RunPython(make_findable, migrations.RunPython.noop),
    ]
