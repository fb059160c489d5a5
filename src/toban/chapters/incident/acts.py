"""What was done about incidents, read as changes. Pure.

What becomes of an incident is told on its own page; only what customers get to see is a change.
"""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content, unchanged
from toban.message import Message, from_json


def _published(content: Content) -> ChangeFacts:
    code = "incident.change-published" if content.get("shown") else "incident.change-withdrawn"
    targets = tuple(map(str, content.get("targets") or ()))
    said = Message(code, number=content.get("incident"))
    return ChangeFacts(ChangeKind.OTHER, said, targets, note=from_json(content.get("note")))


ACTS: Mapping[str, ActReader] = {
    "incident-declared": unchanged,
    "incident-answered": unchanged,
    "incident-taken": unchanged,
    "incident-level": unchanged,
    "incident-level-confirmed": unchanged,
    "incident-recovered": unchanged,
    "incident-reopened": unchanged,
    "incident-stage": unchanged,
    "incident-merged": unchanged,
    "incident-split": unchanged,
    "incident-people": unchanged,
    "incident-update": unchanged,
    "incident-published": _published,
    "incident-closed": unchanged,
}
