"""What scans did, read as changes. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content
from toban.message import Message


def _scanned(content: Content) -> ChangeFacts:
    said = Message(
        "vulnerabilities.change-scanned",
        packages=content.get("packages"),
        found=content.get("found"),
        ended=content.get("ended"),
        run=content.get("run"),
    )
    return ChangeFacts(ChangeKind.RUN, said, tuple(map(str, content.get("inventories", ()))))


ACTS: Mapping[str, ActReader] = {"vulnerabilities-scanned": _scanned}
