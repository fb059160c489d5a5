"""Approvals and delegations, read as changes. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content, texts
from toban.message import Message, from_json, plain


def _answer(code: str, *, is_sensitive: bool = False) -> ActReader:
    def read(content: Content) -> ChangeFacts:
        said = Message(code, what=_what(content), role=content.get("role"))
        about = texts(content, "subject", "role")
        note = plain(str(content.get("said", "")))
        return ChangeFacts(ChangeKind.APPROVAL, said, about, note=note, is_sensitive=is_sensitive)

    return read


def _what(content: Content) -> Message:
    if content.get("title"):
        return from_json(content["title"])
    return Message("approvals.step-of", subject=content.get("subject"), step=content.get("step"))


def _delegation(code: str) -> ActReader:
    def read(content: Content) -> ChangeFacts:
        said = Message(code, role=content.get("role"), giver=content.get("from"), taker=content.get("to"))
        about = texts(content, "role", "from", "to")
        return ChangeFacts(ChangeKind.APPROVAL, said, about, note=plain(str(content.get("reason", ""))))

    return read


ACTS: Mapping[str, ActReader] = {
    "approve": _answer("approvals.change-approve"),
    "refuse": _answer("approvals.change-refuse"),
    "break-glass": _answer("approvals.change-break-glass", is_sensitive=True),
    "review-break-glass": _answer("approvals.change-review-break-glass"),
    "delegate": _delegation("approvals.change-delegate"),
    "end-delegation": _delegation("approvals.change-end-delegation"),
}
