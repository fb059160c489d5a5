"""What was done about capacity, read as changes. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content
from toban.message import Message


def _scaled(content: Content) -> ChangeFacts:
    group = str(content.get("group"))
    said = Message(
        "capacity.change-scaled",
        group=group,
        before=content.get("before"),
        after=content.get("after"),
        run=content.get("run"),
    )
    return ChangeFacts(ChangeKind.SCALING, said, (group,))


ACTS: Mapping[str, ActReader] = {"group-scaled": _scaled}
