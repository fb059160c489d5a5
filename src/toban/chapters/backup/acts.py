"""What people do with backups, read as changes. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content, texts, unchanged
from toban.message import Message, from_json


def _restored(content: Content) -> ChangeFacts:
    said = Message("backup.change-restored", subject=content.get("subject"), into=content.get("into"))
    return ChangeFacts(ChangeKind.DATA, said, texts(content, "subject", "into"))


def _imported(content: Content) -> ChangeFacts:
    said = Message("backup.change-imported", subject=content.get("subject"), count=content.get("count"))
    return ChangeFacts(ChangeKind.DATA, said, texts(content, "subject"))


def _pruned(content: Content) -> ChangeFacts:
    said = Message("backup.change-pruned", subject=content.get("subject"))
    return ChangeFacts(ChangeKind.DATA, said, texts(content, "subject"))


def _bucket(content: Content) -> ChangeFacts:
    said = Message("backup.change-bucket", subject=content.get("subject"))
    details = tuple(from_json(each) for each in content.get("changes") or ())
    return ChangeFacts(ChangeKind.DATA, said, texts(content, "subject"), details)


ACTS: Mapping[str, ActReader] = {
    "restored": _restored,
    "backups-imported": _imported,
    "backups-pruned": _pruned,
    "bucket-fixed": _bucket,
    "own-state-backed-up": unchanged,
}
