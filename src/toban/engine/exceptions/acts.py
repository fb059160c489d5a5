"""Exceptions, read as changes. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content, texts
from toban.message import Message, plain


def _exception(code: str) -> ActReader:
    def read(content: Content) -> ChangeFacts:
        said = Message(code, number=content.get("exception"), until=content.get("until"))
        about, note = texts(content, "subject"), plain(str(content.get("reason", "")))
        return ChangeFacts(ChangeKind.APPROVAL, said, about, note=note)

    return read


ACTS: Mapping[str, ActReader] = {
    "ask-exception": _exception("exceptions.change-ask"),
    "renew-exception": _exception("exceptions.change-renew"),
    "grant-exception": _exception("exceptions.change-grant"),
    "end-exception": _exception("exceptions.change-end"),
}
