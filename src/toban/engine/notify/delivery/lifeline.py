"""Notifications that the pipeline itself does not work: sent directly through the channels.

While the state database is unavailable, or every look at the alerts fails, nothing reaches the outbox and
nobody is notified. Then the matrix's recipients of critical alerts are notified directly, once an hour, and
again when it is over. All state is in this process: if two workers are cut off, both send the notification,
under the same key, so that a receiver which drops duplicates shows it once.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import structlog

from toban.design.clauses.notices import NotificationRule
from toban.design.reader import Design
from toban.design.values.severity import AlertLevel
from toban.engine.notify.delivery import words
from toban.engine.notify.delivery.channel import Channel, Undelivered
from toban.engine.notify.delivery.notice import Notice, NoticeKind, NoticeMessages
from toban.engine.notify.duty.roster import on_duty, rosters
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.routing.routing import Route, routing_of, rules_for
from toban.engine.notify.signal import Condition
from toban.message import Message, message_of

EVERY = 5.0
"""Seconds between two looks of the lifeline."""

SILENT = 12
"""Number of looks without a sign of the pipeline after which it counts as stopped: a minute. Looks are
counted because a clock may be set, or run on while this process is suspended."""

_AGAIN = 720
"""Number of looks after which the notification is repeated: an hour."""

_KEY = "toban/pipeline"

type ChannelOf = Callable[[str], Channel]
"""Makes the channel with that name in `toban.toml`."""

log = structlog.get_logger(__name__)


class Lifeline:
    """The lifeline. A thread other than the pipeline's drives it every `EVERY` seconds."""

    def __init__(self) -> None:
        self._pulse = -1
        self._seen_at: datetime | None = None
        self._silent = 0
        self._told: int | None = None
        """Number of silent looks at the last notification; None while nobody has been notified of a stop."""

    def look(self, design: Design, contacts: Contacts, channel: ChannelOf, pulse: int, now: datetime) -> int:
        """Send what is due; return the number of places that accepted it.

        *channel* is only called for the channels that are used. *pulse* changes whenever the pipeline has
        worked since the last look, as far as this process can see.
        """
        began_at = self._seen_at or now
        if pulse != self._pulse:
            self._pulse, self._seen_at, self._silent = pulse, now, 0
        else:
            self._silent += 1
        kind = due(self._silent, self._told)
        if kind is None:
            return 0
        log.error("pipeline_stopped" if kind is NoticeKind.FIRING else "pipeline_works_again")
        told = sum(
            _told(route, channel(route.way.name), _notice(route, kind, contacts, began_at, now))
            for route in routes(design, contacts, now)
        )
        if kind is NoticeKind.RECOVERED:
            self._told = None
        elif told:
            # If nobody was reached, the next look tries again.
            self._told = self._silent
        return told


def due(silent: int, told: int | None) -> NoticeKind | None:
    """Return what to announce after *silent* looks: that it stopped, that it works again, or nothing."""
    if silent < SILENT:
        return NoticeKind.RECOVERED if told is not None and silent == 0 else None
    return NoticeKind.FIRING if told is None or silent - told >= _AGAIN else None


def routes(design: Design, contacts: Contacts, now: datetime) -> tuple[Route, ...]:
    """Return where critical alerts go at *now*, without asking the state database for deputies."""
    held = {
        each.role: on_duty(each, (), now, contacts.calendar).people
        for each in rosters(design, contacts.duty)
        if each.layers
    }
    rules = rules_for(design.of(NotificationRule), AlertLevel.CRITICAL)
    return routing_of(rules, replace(contacts, on_duty=held)).routes


def _told(route: Route, channel: Channel, notice: Notice) -> bool:
    try:
        channel.send(notice, route.addresses)
    except Undelivered as failure:
        log.warning("lifeline_undelivered", channel=route.way.name, reason=message_of(failure).as_json())
        return False
    return True


def _notice(route: Route, kind: NoticeKind, contacts: Contacts, began_at: datetime, now: datetime) -> Notice:
    is_over = kind is NoticeKind.RECOVERED
    sign = words.mark(Condition.CRITICAL, is_over=is_over)
    what = "notify.pipeline-works-again" if is_over else "notify.pipeline-stopped"
    advice = "notify.pipeline-sends-the-rest" if is_over else "notify.pipeline-needs-help"
    language = contacts.language_for(route.recipients, route.way)
    said = NoticeMessages(
        title=Message("notify.title-of-toban", condition=sign, what=Message(what)),
        subject=Message("notify.of-toban"),
        facts=(
            (Message("notify.fact-next"), Message(advice)),
            (Message("notify.fact-ordered-by"), route.rule_citation),
        ),
    )
    return Notice(
        key=f"{_KEY}/{kind.value}/{began_at.isoformat()}/{route.destination}",
        alert_key=_KEY,
        kind=kind,
        level=AlertLevel.CRITICAL,
        title=words.one_line(said.title, language),
        facts=said.facts_in(language),
        citation=route.rule_citation.in_language(language),
        clause_text="",
        subject=said.subject.in_language(language),
        began_at=began_at,
        at=now,
        ended_at=now if is_over else None,
        language=language,
        messages=said,
    )
