"""What people do about nodes, read as changes. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content
from toban.message import Message


def _forgotten(content: Content) -> ChangeFacts:
    node = str(content.get("node", ""))
    return ChangeFacts(ChangeKind.SETTINGS, Message("nodes.change-forgotten", node=node), (node,))


ACTS: Mapping[str, ActReader] = {"node-forgotten": _forgotten}
