"""A notification as a bot's message: the same as from an incoming webhook, in a thread, with a button."""

from collections.abc import Iterable

from toban.engine.notify.channels.slack import payload as webhook
from toban.engine.notify.delivery.notice import Notice, NoticeKind
from toban.message import Message

TAKE = "toban-take"
"""The button's action; its value is the announcement's number."""

_TAKEABLE = (NoticeKind.FIRING, NoticeKind.NO_DATA)


def payload(notice: Notice, addresses: Iterable[str], channel: str) -> dict[str, object]:
    """Return the arguments of `chat.postMessage`."""
    message = webhook.payload(notice, addresses)
    blocks = message["blocks"]
    if notice.kind in _TAKEABLE and notice.announcement and isinstance(blocks, list):
        blocks.append({"type": "actions", "elements": [_button(notice)]})
    message |= {"channel": channel, "unfurl_links": False, "unfurl_media": False}
    if notice.reply_to:
        message["thread_ts"] = notice.reply_to
        # News goes to the whole channel, too; an acknowledgement stays in the thread.
        message["reply_broadcast"] = notice.kind is not NoticeKind.ACKNOWLEDGED
    return message


def _button(notice: Notice) -> dict[str, object]:
    return {
        "type": "button",
        "action_id": TAKE,
        "value": str(notice.announcement),
        "text": {"type": "plain_text", "text": notice.say(Message("notify.acknowledge")), "emoji": False},
    }
