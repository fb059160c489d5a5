"""A notification as a Slack message: blocks, and plain text for Slack's previews and screen readers.

Limits of Block Kit: a header of 150 characters, a text of 3,000, 10 fields of 2,000 in a section. Outside
text goes into `plain_text` wherever Slack allows it, and is escaped elsewhere: only `&`, `<` and `>` can
start a mention or a link (https://docs.slack.dev/messaging/formatting-message-text).
"""

import re
from collections.abc import Iterable, Iterator

from toban.engine.notify.delivery.notice import Notice
from toban.message import Message

_HEADER = 150
_TEXT = 3000
_FIELD = 2000
_FIELDS = 10
_USER = re.compile(r"[UW][A-Z0-9]{2,}")
_GROUP = re.compile(r"S[A-Z0-9]{2,}")


def payload(notice: Notice, addresses: Iterable[str]) -> dict[str, object]:
    """Return the message; *addresses* are the ids of members and groups to mention."""
    return {"text": _fallback(notice), "blocks": list(_blocks(notice, addresses))}


def escape(text: str) -> str:
    """Return *text* escaped, so that Slack shows it unchanged."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mentions(addresses: Iterable[str]) -> str:
    """Return the mentions for the ids among *addresses*; a channel or a name mentions nobody."""
    written = []
    for word in addresses:
        if _USER.fullmatch(word):
            written.append(f"<@{word}>")
        elif _GROUP.fullmatch(word):
            written.append(f"<!subteam^{word}>")
    return " ".join(written)


def _blocks(notice: Notice, addresses: Iterable[str]) -> Iterator[dict[str, object]]:
    yield {"type": "header", "text": _plain(notice.title, _HEADER)}
    mentioned = mentions(addresses)
    if mentioned:
        yield {"type": "section", "text": {"type": "mrkdwn", "text": mentioned[:_TEXT]}}
    fields = [_plain(f"{label}: {value}", _FIELD) for label, value in notice.facts[:_FIELDS]]
    if fields:
        yield {"type": "section", "fields": fields}
    yield {"type": "section", "text": _plain(f"{notice.citation}\n{notice.clause_text}", _TEXT)}
    if notice.url:
        link = f"<{escape(notice.url)}|{escape(notice.say(Message('notify.open')))}>"
        yield {"type": "context", "elements": [{"type": "mrkdwn", "text": link}]}


def _plain(text: str, longest: int) -> dict[str, object]:
    return {"type": "plain_text", "text": _clip(text, longest), "emoji": False}


def _fallback(notice: Notice) -> str:
    """Return the message's `text`. It is mrkdwn: cut first and then escaped, so no entity is cut in two."""
    return escape(_clip(f"{notice.title} ({notice.citation})", 500))


def _clip(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
