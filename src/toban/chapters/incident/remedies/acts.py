"""What remedies have done, read as changes. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content, texts
from toban.message import Message, from_json


def _applied(content: Content) -> ChangeFacts:
    remedy, run = content.get("remedy"), content.get("run")
    said = Message("incident-remedies.change", remedy=remedy, target=content.get("target"), run=run)
    return ChangeFacts(
        ChangeKind.REMEDY,
        said,
        texts(content, "target", "instance", "remedy"),
        note=from_json(content.get("said")),
    )


ACTS: Mapping[str, ActReader] = {"remedy-applied": _applied}
