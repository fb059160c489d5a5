"""Orders about runs, read as changes. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content, texts
from toban.message import Message, from_json


def _ordered(code: str) -> ActReader:
    def read(content: Content) -> ChangeFacts:
        said = Message(code, work=content.get("work"), run=content.get("run"))
        return ChangeFacts(ChangeKind.RUN, said, texts(content, "work"), note=from_json(content.get("note")))

    return read


ACTS: Mapping[str, ActReader] = {
    "run": _ordered("runs.change-run"),
    "cancel": _ordered("runs.change-cancel"),
    "skip": _ordered("runs.change-skip"),
    "again": _ordered("runs.change-again"),
}
