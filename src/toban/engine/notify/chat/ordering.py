"""Orders from a chat: whose account it is, whether it may, and what is then done."""

from datetime import datetime

from django.db import transaction

from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.notify.chat.port import CHAT, ChatAct, ChatOrder, ChatRequest
from toban.engine.notify.delivery.notice import NoticeButton
from toban.engine.notify.models import Alert, Delivery
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.people.models import Operator
from toban.engine.registry.ports import Ports
from toban.engine.tokens.service import why_no_access
from toban.message import Message, lines
from toban.text import storable_text

_LONGEST_WORDS = 4_000
_MOST_ALERTS = 500


def carried_out(asked: ChatRequest, ports: Ports, edition: Edition, now: datetime) -> Message:
    """Do what is asked, in the name of the member's account, and say so; raise `NotPossible`."""
    act = _acts(ports).get(asked.act)
    if act is None:
        known = lines(*(each.usage for each in _acts(ports).values()))
        is_question = asked.act in {"", "help"}
        return known if is_question else lines(Message("chat.unknown", word=asked.act[:50]), known)
    with transaction.atomic():
        # First: the account may lose its role while the order waits for another to be carried out.
        now = ledger.turn(now)
        order = ChatOrder(
            account_of(asked.member, edition),
            storable_text(asked.words.strip())[:_LONGEST_WORDS],
            edition,
            now,
            asked.message,
            _alerts_of(asked.message.thread) if asked.message is not None else (),
        )
        return act.do(order)


def account_of(member: str, edition: Edition) -> Operator:
    """Return the account that `[people]` binds to *member* of the chat; raise `NotPossible`.

    It must be one that may sign in and give orders now: a chat is no way around the second factor.
    """
    named = {each.account for each in edition.bindings.people.values() if member and each.slack == member}
    known = Operator.objects.filter(username__in=named, is_active=True)
    # Of two, a lock would leave the other: whoever was locked out would order in its name.
    account = known.first() if len(named - {""}) == 1 else None
    if account is None:
        raise NotPossible(Message("chat.nobody", member=member[:50]), Message("chat.bind-account"))
    if (missing := why_no_access(account)) is not None:
        raise NotPossible(missing, Message("chat.sign-in"))
    if not may_order(account):
        raise NotPossible(Message("chat.only-reads", account=account.username), Message("modes.who-moves"))
    return account


def language_of(member: str, edition: Edition) -> str:
    """Return the language of *member*; that of the document if none is bound."""
    bound = (each for each in edition.bindings.people.values() if member and each.slack == member)
    return next((each.language for each in bound if each.language), edition.design.language)


def buttons_of(announcement: int, ports: Ports) -> tuple[NoticeButton, ...]:
    """Return what can be ordered about an announcement."""
    return tuple(each for offer in ports.all(CHAT) for each in offer.buttons(announcement))


def _acts(ports: Ports) -> dict[str, ChatAct]:
    return {word: act for offer in ports.all(CHAT) for word, act in offer.acts.items()}


def _alerts_of(thread: str) -> tuple[int, ...]:
    """Return the alerts of the notification whose receipt is *thread*."""
    told = Delivery.objects.filter(receipt=thread, state=Delivery.State.DELIVERED) if thread else ()
    numbers = [each.announcement_id for each in told[:2]]
    found = Alert.objects.filter(told_in__in=numbers).values_list("pk", flat=True)
    return tuple(found[:_MOST_ALERTS]) if len(numbers) == 1 else ()
