"""Moves of automatic acts from mode to mode, read as changes. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content
from toban.message import Message, plain


def _moved(content: Content) -> ChangeFacts:
    act, to = str(content.get("act", "")), Message(f"modes.{content.get('to')}")
    said = Message("modes.change-mode", act=act, mode=to)
    note = plain(str(content.get("reason", "")))
    return ChangeFacts(ChangeKind.SETTINGS, said, (act.partition("/")[2],), note=note)


ACTS: Mapping[str, ActReader] = {"mode": _moved}
