"""What people order about incidents from a chat. The same order a second time changes nothing."""

import re
from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction

from toban.chapters.incident import orders
from toban.chapters.incident.declaring.declare import seen
from toban.chapters.incident.declaring.telling import ITEM, page_of
from toban.chapters.incident.models import Incident
from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.orders import LONGEST_TITLE, Declaration, IncidentOrder
from toban.chapters.incident.plan import IncidentPlan
from toban.chapters.incident.timeline import amending
from toban.chapters.incident.timeline.amending import LONGEST_TEXT, WantedLine
from toban.design.clauses.incident import IncidentLevel
from toban.engine.approvals.answers import Giver
from toban.engine.bindings.model import Person
from toban.engine.evidence import ledger
from toban.engine.notify.chat.port import ChatAct, ChatMessage, ChatOffer, ChatOrder
from toban.engine.notify.delivery.notice import NoticeButton
from toban.engine.notify.models import Alert
from toban.engine.orders import NotPossible
from toban.message import Message, plain

SAME_WITHIN = timedelta(minutes=5)
"""Whoever declares what somebody has declared so shortly before means the same; also, a chat's requests are
taken for so long: one that is sent again declares nothing."""
_NUMBER = re.compile(r"#?([0-9]{1,18})(?:\s+|$)")
_MOST_ALERTS, _MOST_LATELY, _MOST_NAMED, _MOST_BUTTONS = 500, 200, 10, 4


def buttons(announcement: int) -> Iterator[NoticeButton]:
    """Yield what can be ordered below an announcement: about its incidents, else declaring one."""
    told = list(Alert.objects.filter(told_in=announcement).select_related("incident_link")[:_MOST_ALERTS])
    concerned = dict.fromkeys(each for each in map(_incident_of, told) if each is not None)
    open_ = Incident.objects.filter(pk__in=list(concerned)[:_MOST_BUTTONS], closed_at=None, merged_into=None)
    for incident in open_.order_by("pk"):
        yield from _about(incident)
    if any(_is_free(each) for each in told):
        yield NoticeButton("declare", str(announcement), Message("incident-chat.declare"))


def _about(incident: Incident) -> Iterator[NoticeButton]:
    if not incident.commander:
        yield NoticeButton("take", str(incident.pk), Message("incident-chat.take", number=incident.pk))
    if incident.level and incident.confirmed_at is None:
        label = Message("incident-chat.confirm", number=incident.pk, level=incident.level)
        yield NoticeButton("level", f"{incident.pk} {incident.level}", label)


def _incident_of(alert: Alert) -> int | None:
    """Return the incident that *alert* belongs to, or tells of."""
    if alert.labels.get("item") == ITEM and (told := str(alert.labels.get("incident", ""))).isdecimal():
        return int(told)
    return alert.incident_link.incident_id if hasattr(alert, "incident_link") else None


def _is_free(alert: Alert) -> bool:
    return alert.resolved_at is None and _incident_of(alert) is None and seen(alert).is_trouble


def _declare(order: ChatOrder) -> Message:
    """Declare an incident: with the words as its title, else with the first line of the chosen message."""
    written = order.message.text if order.message is not None else order.words
    title = next(iter(written.strip().splitlines()), "").strip()[:LONGEST_TITLE]
    began_at = min(order.message.at, order.now) if order.message is not None else None
    with transaction.atomic():
        ledger.hold()
        lately = Incident.objects.filter(closed_at=None, merged_into=None)
        lately = lately.filter(detected_at__gt=order.now - SAME_WITHIN).order_by("-pk")
        same = next((each for each in lately[:_MOST_LATELY] if each.title == plain(title)), None)
        if same is not None:
            return Message("incident-chat.is-declared", number=same.pk, url=page_of(same))
        made = orders.declare(Declaration(title=title, began_at=began_at), _order(order), order.now)
        if order.message is not None:
            _add(made.pk, order.message, order)
    return _declared(made)


def _declare_alerts(order: ChatOrder) -> Message:
    """Declare an incident of those alerts of an announcement that belong to none yet."""
    number, _ = _numbered(order.words)
    with transaction.atomic():
        ledger.hold()
        told = Alert.objects.filter(told_in=number).select_related("incident_link").order_by("pk")
        alerts = list(told[:_MOST_ALERTS])
        free = [each for each in alerts if _is_free(each)]
        if not free:
            known = sorted({each for each in map(_incident_of, alerts) if each is not None})
            hint = (
                Message("incident-chat.belongs-to", numbers=known) if known else Message("notify.see-alerts")
            )
            raise NotPossible(Message("incident-chat.nothing-to-declare"), hint)
        subject = free[0].subject
        title = subject if len(free) == 1 else Message("notify.and-others", named=subject)
        said = Declaration(
            title=title.in_language(order.edition.design.language)[:LONGEST_TITLE],
            alerts=[each.pk for each in free],
        )
        return _declared(orders.declare(said, _order(order), order.now))


def _declared(made: Incident) -> Message:
    return Message("incident-chat.declared", number=made.pk, level=made.level or "-", url=page_of(made))


def _take(order: ChatOrder) -> Message:
    number, _ = _numbered(order.words)
    made = orders.take(number, _order(order), order.now)
    return Message("incident-chat.taken", number=made.pk, url=page_of(made))


def _confirm(order: ChatOrder) -> Message:
    number, words = _numbered(order.words)
    wanted = _order(order)
    level, reason = _level(words, wanted.plan)
    with transaction.atomic():
        ledger.hold()
        known = Incident.objects.filter(pk=number).exclude(confirmed_at=None).first()
        if known is None or known.clause_id != level.id:
            orders.confirm_level(number, level.name, reason, wanted, order.now)
    return Message("incident-chat.level", number=number, level=level.name)


def _note(order: ChatOrder) -> Message:
    """Add a line: the words behind the number of an incident, or the message that was chosen."""
    if order.message is not None:
        number = _meant(order)
        _add(number, order.message, order)
    else:
        number, words = _numbered(order.words)
        amending.add(number, WantedLine(words), by=order.by.username, now=order.now)
    return Message("incident-chat.noted", number=number)


def _add(number: int, message: ChatMessage, order: ChatOrder) -> None:
    author = _person(message.author, order)
    # Whoever adds it is recorded with the line: what somebody else wrote says so.
    is_own = author is not None and author.account == order.by.username
    text = message.text if is_own else f"{(author and author.name) or message.author}: {message.text}"
    if len(text) > LONGEST_TEXT:
        text = text[: LONGEST_TEXT - 1] + "…"
    said = text if message.text.strip() else ""
    wanted = WantedLine(said, min(message.at, order.now), message.source, message.url)
    amending.add(number, wanted, by=order.by.username, now=order.now)


def _person(member: str, order: ChatOrder) -> Person | None:
    people = order.edition.bindings.people.values()
    return next((each for each in people if member and each.slack == member), None)


def _meant(order: ChatOrder) -> int:
    """Return the incident in whose thread the message is, or the only one that is open."""
    told = Alert.objects.filter(pk__in=order.alerts).select_related("incident_link")
    named = {each for each in map(_incident_of, told) if each is not None}
    open_ = Incident.objects.filter(closed_at=None, merged_into=None).order_by("-pk")
    found = list((open_.filter(pk__in=named) if named else open_)[: _MOST_NAMED + 1])
    if not found:
        raise NotPossible(Message("incident-chat.none-open"), Message("incident-chat.usage-incident"))
    if len(found) > 1:
        numbers = [each.pk for each in found[:_MOST_NAMED]]
        raise NotPossible(
            Message("incident-chat.several-open", numbers=numbers), Message("incident-chat.usage-note")
        )
    return found[0].pk


def _numbered(words: str) -> tuple[int, str]:
    """Return the number that *words* begin with, and the rest."""
    found = _NUMBER.match(words)
    if found is None:
        raise NotPossible(Message("incident-chat.number-missing"), Message("incident.see-open"))
    return int(found[1]), words[found.end() :].strip()


def _level(words: str, plan: IncidentPlan) -> tuple[IncidentLevel, str]:
    """Return the level that *words* begin with, and the rest: the reason."""
    longest_first = sorted(plan.levels, key=lambda each: -len(each.name))
    row = next((each for each in longest_first if words.startswith(each.name)), None)
    row = row or plan.level(words.partition(" ")[0])
    if row is None:
        known = [each.name for each in plan.levels]
        raise NotPossible(
            Message("incident.no-such-level", level=words.partition(" ")[0][:50]),
            Message("incident.known-levels", levels=known),
        )
    return row, words[len(row.name) :].strip()


def _order(order: ChatOrder) -> IncidentOrder:
    return IncidentOrder(Giver(order.by), order.edition, order.edition.plan(OPERATION))


OFFER = ChatOffer(
    acts={
        "incident": ChatAct(_declare, Message("incident-chat.usage-incident")),
        "take": ChatAct(_take, Message("incident-chat.usage-take")),
        "level": ChatAct(_confirm, Message("incident-chat.usage-level")),
        "note": ChatAct(_note, Message("incident-chat.usage-note")),
        "declare": ChatAct(_declare_alerts),
    },
    buttons=buttons,
)
