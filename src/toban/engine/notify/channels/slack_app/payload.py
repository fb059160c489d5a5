"""A notification as a bot's message: the same as from an incoming webhook, in a thread, with buttons."""

from collections.abc import Iterable, Iterator

from toban.engine.notify.channels.slack import payload as webhook
from toban.engine.notify.delivery.notice import Notice, NoticeKind
from toban.message import Message

TAKE = "toban-take"
"""The action of the button that acknowledges; its value is the announcement's number."""
ACT = "toban/"
"""Before the act of any other button, in its action; of a message shortcut, in its callback id."""
_LONGEST_LABEL, _LONGEST_VALUE, _MOST_BUTTONS = 75, 2_000, 24

_TAKEABLE = (NoticeKind.FIRING, NoticeKind.NO_DATA)


def payload(notice: Notice, addresses: Iterable[str], channel: str) -> dict[str, object]:
    """Return the arguments of `chat.postMessage`."""
    message = webhook.payload(notice, addresses)
    blocks = message["blocks"]
    buttons = list(_buttons(notice))
    if buttons and isinstance(blocks, list):
        blocks.append({"type": "actions", "elements": buttons})
    message |= {"channel": channel, "unfurl_links": False, "unfurl_media": False}
    if notice.reply_to:
        message["thread_ts"] = notice.reply_to
        # News goes to the whole channel, too; an acknowledgement stays in the thread.
        message["reply_broadcast"] = notice.kind is not NoticeKind.ACKNOWLEDGED
    return message


def _buttons(notice: Notice) -> Iterator[dict[str, object]]:
    if notice.kind in _TAKEABLE and notice.announcement:
        yield _button(TAKE, str(notice.announcement), notice.say(Message("notify.acknowledge")))
    for each in notice.buttons[:_MOST_BUTTONS]:
        # Cut words would order something else.
        if len(each.words) <= _LONGEST_VALUE:
            yield _button(f"{ACT}{each.act}", each.words, notice.say(each.label)[:_LONGEST_LABEL])


def _button(action: str, value: str, label: str) -> dict[str, object]:
    return {
        "type": "button",
        "action_id": action,
        "value": value,
        "text": {"type": "plain_text", "text": label, "emoji": False},
    }
