"""Orders about kept logs, read as changes. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content, texts, unchanged
from toban.message import Message


def _agreed(content: Content) -> ChangeFacts:
    said = Message(
        "logs.change-retention",
        kind=content.get("kind"),
        was=content.get("was"),
        agreed=content.get("agreed"),
    )
    return ChangeFacts(ChangeKind.DATA, said, texts(content, "kind"))


def _held(content: Content) -> ChangeFacts:
    # Its reason may be a secret of a lawsuit: it stays in the evidence.
    said = Message("logs.change-hold", kind=content.get("kind"))
    return ChangeFacts(ChangeKind.DATA, said, texts(content, "kind"))


def _released(content: Content) -> ChangeFacts:
    return ChangeFacts(
        ChangeKind.DATA,
        Message("logs.change-hold-released", kind=content.get("kind")),
        texts(content, "kind"),
    )


ACTS: Mapping[str, ActReader] = {
    "log-retention-agreed": _agreed,
    "legal-hold": _held,
    "legal-hold-released": _released,
    "logs-downloaded": unchanged,
}
