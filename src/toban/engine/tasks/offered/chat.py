"""Tasks from a chat: what waits for whoever asks, and signing off what a notification has shown.

Only what is not odd is signed off so: a remark or a decision is given on the page.
"""

import re
from collections.abc import Iterator

from django.conf import settings

from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.notify.chat.port import ChatAct, ChatOffer, ChatOrder
from toban.engine.notify.delivery.notice import NoticeButton
from toban.engine.notify.models import Alert
from toban.engine.orders import NotPossible
from toban.engine.tasks.offered.offering import offers_of
from toban.engine.tasks.orders import TaskOrder, sign_off
from toban.engine.tasks.telling import page
from toban.message import Message, sentences

SIGN = "sign-off"
_WORDS = re.compile(r"([0-9]{1,18}) ([0-9a-f]{64})")


def buttons(announcement: int) -> Iterator[NoticeButton]:
    """Yield a button for each task that the announcement shows with its facts."""
    told = list(Alert.objects.filter(told_in=announcement, labels__item="task")[:2])
    # Of several events a message shows no facts.
    if len(told) == 1:
        for each in offers_of(told[0].key):
            yield NoticeButton(
                SIGN, f"{each.run_id} {each.digest}", Message("tasks.sign-this", name=each.name)
            )


def _sign(order: ChatOrder) -> Message:
    written = _WORDS.fullmatch(order.words)
    if written is None:
        raise NotPossible(Message("tasks.nothing-shown"), Message("tasks.open-the-page", url=page()))
    by = Giver(order.by, ApprovalAnswer.Via.CHAT)
    wanted = TaskOrder(int(written[1]), by, order.edition, settings.PARTS)
    try:
        signed = sign_off(wanted, "", shown=written[2], now=order.now)
    except NotPossible as refusal:
        # Whatever is missing, the page has room for it.
        hint = sentences(refusal.hint, Message("tasks.open-the-page", url=page()))
        raise NotPossible(refusal.said, hint) from refusal
    note: Message = signed.run.note
    return note


OFFER = ChatOffer(acts={SIGN: ChatAct(_sign)}, buttons=buttons)
