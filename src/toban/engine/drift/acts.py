"""How a setting that has changed is read as a change. Pure."""

from collections.abc import Mapping

from toban.design.stated.values import STATED
from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content, texts
from toban.message import Message, from_json, plain


def _changed(content: Content) -> ChangeFacts:
    code = "drift.changed-to-the-document" if content.get("is_as_stated") else "drift.changed-beside-it"
    name = str(content.get("value", ""))
    said = Message(
        code,
        place=from_json(content.get("place")),
        before=said_of(name, str(content.get("before", ""))),
        after=said_of(name, str(content.get("after", ""))),
    )
    return ChangeFacts(ChangeKind.OTHER, said, about=texts(content, "row"))


def said_of(name: str, stored: str) -> Message:
    """Return in words what is *stored* of the value called *name*."""
    value = STATED.get(name)
    read = value.read(stored) if value is not None and stored else None
    return plain(stored) if value is None or read is None else value.said(read)


ACTS: Mapping[str, ActReader] = {"setting-changed": _changed}
