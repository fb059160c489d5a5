"""How a setting that has changed is read as a change. Pure."""

from collections.abc import Mapping
from typing import Any

from toban.design.stated.value import StatedValue
from toban.design.stated.values import STATED
from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content, texts
from toban.message import Message, from_json, plain


def _changed(content: Content) -> ChangeFacts:
    code = "drift.changed-to-the-document" if content.get("is_as_stated") else "drift.changed-beside-it"
    value = STATED.get(str(content.get("value", "")))
    said = Message(
        code,
        place=from_json(content.get("place")),
        before=said_of(value, str(content.get("before", ""))),
        after=said_of(value, str(content.get("after", ""))),
    )
    return ChangeFacts(ChangeKind.OTHER, said, about=texts(content, "row"))


def said_of(value: StatedValue[Any] | None, stored: str) -> Message:
    """Return in words what is *stored* of *value*; None is one that there is no more."""
    if not stored:
        return Message("drift.not-set")
    read = value.read(stored) if value is not None else None
    return plain(stored) if value is None or read is None else value.said(read)


ACTS: Mapping[str, ActReader] = {"setting-changed": _changed}
