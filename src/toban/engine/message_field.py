"""Messages in the database: code and values as JSON, so that rows can be filtered and counted by code."""

from collections.abc import Callable, Sequence
from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.models.fields.json import KeyTransform

from toban.message import NOTHING, Message, from_json, plain
from toban.text import storable_text

_AT_ONCE = 500

type _Change = Callable[[Apps, BaseDatabaseSchemaEditor], None]


def nothing() -> Message:
    """Return the message that says nothing: the default of a field."""
    return NOTHING


def storable(message: Message | str) -> Message:
    """Return *message* without the characters that PostgreSQL refuses: as it will be read back."""
    if isinstance(message, str):
        return plain(storable_text(message))
    return Message(message.code, **{name: _storable(value) for name, value in message.values.items()})


def _storable(value: object) -> object:
    match value:
        case str():
            return storable_text(value)
        case Message():
            return storable(value)
        case tuple():
            return tuple(map(_storable, value))
        case _:
            return value


class MessageField(models.JSONField):
    """Holds a `Message`; `field__code` filters by its code. A text that is saved becomes a plain message."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Without a message it says nothing."""
        options.setdefault("default", nothing)
        options["blank"] = True
        super().__init__(*args, **options)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Return the message; or the part of its JSON that a lookup names."""
        found = super().from_db_value(value, expression, connection)
        return found if isinstance(expression, KeyTransform) else from_json(found)

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        """Return the message as the database stores JSON."""
        stored = storable(value).as_json() if isinstance(value, Message | str) else value
        return super().get_db_prep_save(stored, connection)

    def to_python(self, value: Any) -> Any:
        """Return the message that a fixture or a form holds."""
        return value if isinstance(value, Message) else from_json(value)


def become_messages(app: str, model: str, *fields: str) -> Sequence[Operation]:
    """Return the operations of a migration that turns texts into plain messages.

    A reverse migration isn't offered: the texts that newer rows had are gone.
    """
    return [
        *(migrations.AddField(model.lower(), f"{name}_said", MessageField()) for name in fields),
        migrations.RunPython(_copy(app, model, fields), migrations.RunPython.noop),
        *(migrations.RemoveField(model.lower(), name) for name in fields),
        *(migrations.RenameField(model.lower(), f"{name}_said", name) for name in fields),
    ]


def _copy(app: str, model: str, fields: Sequence[str]) -> _Change:
    said = [f"{name}_said" for name in fields]

    def change(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
        rows = apps.get_model(app, model).objects.only("pk", *fields)
        changed = []
        for row in rows.iterator(_AT_ONCE):
            for name in fields:
                setattr(row, f"{name}_said", plain(getattr(row, name)))
            changed.append(row)
            if len(changed) == _AT_ONCE:
                rows.bulk_update(changed, said)
                changed = []
        rows.bulk_update(changed, said)

    return change
