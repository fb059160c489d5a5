"""What was done for game days, read as changes. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content, unchanged
from toban.message import Message


def _began(content: Content) -> ChangeFacts:
    said = Message("incident-gameday.change-began", failure=str(content.get("failure", "")))
    return ChangeFacts(ChangeKind.OTHER, said)


ACTS: Mapping[str, ActReader] = {
    "game-day-began": _began,
    "game-day": unchanged,
    "game-day-incident-closed": unchanged,
}
