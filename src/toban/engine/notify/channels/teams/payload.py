"""A notification as an Adaptive Card (https://adaptivecards.io/explorer/AdaptiveCard.html).

Outside text goes into TextRuns: unlike a TextBlock or a FactSet they don't parse Markdown, so nothing in it
can become a link. A message may have 28 KB; a larger one is refused as a whole.
"""

import json

from toban.engine.notify.delivery.notice import Notice, NoticeKind
from toban.message import Message

_LARGEST = 20_000
"""Bytes. Teams measures its own form of the message, not the one it was sent: hence the distance to 28 KB."""
_TEXT_LENGTHS = (2000, 500, 100)
"""Texts are cut to the first of these lengths that makes the message small enough; the last always does."""
_FACTS = 10
_COLOURS = {
    NoticeKind.FIRING: "attention",
    NoticeKind.NO_DATA: "warning",
    NoticeKind.RECOVERED: "good",
    NoticeKind.ACKNOWLEDGED: "accent",
    NoticeKind.DIGEST: "accent",
}


def payload(notice: Notice) -> dict[str, object]:
    """Return the message with its one card."""
    messages = (_message(notice, longest) for longest in _TEXT_LENGTHS)
    message = next(messages)
    while _size(message) > _LARGEST and (shorter := next(messages, None)) is not None:
        message = shorter
    return message


def _message(notice: Notice, longest: int) -> dict[str, object]:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": _body(notice, longest),
        "actions": _actions(notice),
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _body(notice: Notice, longest: int) -> list[dict[str, object]]:
    colour = _COLOURS[notice.kind]
    title = _run(notice.title, longest, size="large", weight="bolder", color=colour)
    facts = [
        _paragraph(_run(f"{label}: ", longest, weight="bolder"), _run(value, longest))
        for label, value in notice.facts[:_FACTS]
    ]
    citation = _run(f"{notice.citation}\n", longest, isSubtle=True)
    clause = _run(notice.clause_text, longest, isSubtle=True)
    return [_paragraph(title), *facts, _paragraph(citation, clause)]


def _actions(notice: Notice) -> list[dict[str, object]]:
    title = notice.say(Message("notify.open"))
    return [{"type": "Action.OpenUrl", "title": title, "url": notice.url}] if notice.url else []


def _paragraph(*runs: dict[str, object]) -> dict[str, object]:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _run(text: str, longest: int, **style: object) -> dict[str, object]:
    clipped = text if len(text) <= longest else text[: longest - 1] + "…"
    return {"type": "TextRun", "text": clipped, **style}


def _size(message: dict[str, object]) -> int:
    return len(json.dumps(message, ensure_ascii=False).encode())
