"""What runs of patches did, read as changes. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content
from toban.message import Message


def _read(code: str) -> ActReader:
    def facts(content: Content) -> ChangeFacts:
        hosts = tuple(map(str, content.get("hosts", ())))
        said = Message(
            code,
            hosts=len(hosts),
            packages=content.get("packages"),
            closed=len(content.get("closed", ())),
            run=content.get("run"),
        )
        return ChangeFacts(ChangeKind.PATCH, said, hosts)

    return facts


ACTS: Mapping[str, ActReader] = {
    "patches-began": _read("patching.change-began"),
    "hosts-patched": _read("patching.change-patched"),
}
