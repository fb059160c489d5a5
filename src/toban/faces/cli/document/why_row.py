"""Why somebody was notified of a row of the document, or was not: `toban why DB CPU使用率`."""

from collections.abc import Iterator, Sequence

from django.conf import settings

from toban.design.clauses.base import Clause
from toban.design.clauses.notices import NotificationRule
from toban.design.values.severity import AlertLevel
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence import current
from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.delivery.channel import CHANNEL_KINDS
from toban.engine.notify.models import Alert, Delivery, Silence
from toban.engine.notify.routing.contacts import contacts_of
from toban.engine.notify.routing.routing import Routing, routing_of, rules_for
from toban.engine.registry.parts import Parts
from toban.faces.cli.answer import CommandAnswer
from toban.faces.cli.kept import kept_edition
from toban.faces.cli.notify import why_alert
from toban.faces.cli.notify.alerts import line
from toban.faces.document.live import said_of
from toban.faces.values.alerts import alert_values
from toban.faces.words.alerts import condition_word
from toban.faces.words.lists import listed
from toban.faces.words.verdicts import WORDS
from toban.message import Message

_ALERTS, _NOTICES = 5, 10


def rows(parts: Parts, asked: str) -> Sequence[Clause]:
    """Return the rows of the document in force that match *asked*: an id, a citation, or all its words."""
    edition = _edition(parts)
    return named(edition.design.clauses, asked) if edition is not None else ()


def named(clauses: Sequence[Clause], asked: str) -> Sequence[Clause]:
    """Return those of *clauses* whose id or citation is *asked*, else those with all its words. Pure."""
    exact = [each for each in clauses if asked in (each.id, str(each.origin), f":{each.origin.line}")]
    words = asked.casefold().split()
    return exact or [each for each in clauses if all(word in each.text.casefold() for word in words)]


def answer(parts: Parts, clause: Clause) -> CommandAnswer | None:
    """Say the row's status, which notifications it caused, and who would be notified now."""
    edition = _edition(parts)
    if edition is None:
        return None
    now = system_clock()
    status = current.status_of(clause.id, now)
    alerts = list(Alert.objects.filter(clause_id=clause.id).order_by("-opened_at", "-pk")[:_ALERTS])
    newest = why_alert.about(alerts[0]) if alerts else None
    holding = Silence.objects.holding(now).order_by("ends_at")
    labels = alerts[0].labels if alerts else {}
    silences = [each for each in holding if each.quiet.covers(clause.id, labels)]
    sent = Delivery.objects.filter(rule_id=clause.id).select_related("announcement")
    ordered = list(sent.order_by("-pk")[:_NOTICES])
    ways = _ways(parts, edition) if parts.raises_alerts(clause) else {}
    lines = [
        Message("document.row", origin=clause.origin, text=clause.text),
        *_status(status),
        *_alerts(alerts, newest, is_signalled=bool(ways)),
        *_ordered(ordered),
        *map(_silence, silences),
        *(said_of(each, edition.bindings.system.zone) for each in (status.exceptions if status else ())),
        *(text for level, routing in ways.items() for text in _way(level, routing)),
        *([] if ways else [Message("document.row-raises-no-alert")]),
    ]
    values = {
        "row": clause.id,
        "citation": str(clause.origin),
        "text": clause.text,
        "verdict": status.verdict if status is not None else None,
        "reason": status.reason.as_output() if status is not None else None,
        "alerts": [alert_values(alert) for alert in alerts],
        "newest": newest.values if newest is not None else None,
        "ordered_notices": [why_alert.delivery_json(each) for each in ordered],
        "silences": [{"silence": each.pk, "matchers": each.matchers} for each in silences],
        "would_tell": {level.value: _way_json(routing) for level, routing in ways.items()},
    }
    return CommandAnswer(tuple(lines), values)


def _edition(parts: Parts) -> Edition | None:
    return kept_edition(parts, settings.HOME)


def _ways(parts: Parts, edition: Edition) -> "dict[AlertLevel, Routing]":
    """Return the routing for each level, by the matrix and the bindings in force."""
    contacts = contacts_of(edition.bindings, parts.kinds.of(CHANNEL_KINDS), settings.PUBLIC_URL)
    rules = edition.design.of(NotificationRule)
    return {level: routing_of(rules_for(rules, level), contacts) for level in AlertLevel}


def _status(status: ClauseStatus | None) -> Iterator[Message | str]:
    if status is None:
        yield Message("document.no-verdict-yet")
        return
    verdict = Verdict(status.verdict)
    said = f"{verdict.mark} {WORDS[verdict]}  {status.value}".rstrip()
    yield Message("document.verdict-since", verdict=said, since=status.since.astimezone())
    yield from (f"     {text}" for text in str(status.reason).splitlines())


def _alerts(
    alerts: Sequence[Alert], newest: CommandAnswer | None, *, is_signalled: bool
) -> Iterator[Message | str]:
    if newest is None:
        if is_signalled:
            yield Message("document.no-alert-yet")
        return
    yield Message("document.alerts")
    yield from newest.lines
    yield from (line(alert) for alert in alerts[1:])


def _ordered(notices: Sequence[Delivery]) -> Iterator[Message | str]:
    """Yield the notifications that a row of the matrix has ordered."""
    if notices:
        yield Message("document.notifications-by-row")
        yield from (f"  {each.destination}  {why_alert.receipt(each)}" for each in notices)


def _silence(silence: Silence) -> Message:
    return Message(
        "document.silence",
        number=silence.pk,
        matchers=" ".join(f"{name}={value}" for name, value in silence.matchers.items()),
        until=silence.ends_at.astimezone(),
        author=silence.author,
        reason=silence.reason,
    )


def _way(level: AlertLevel, routing: Routing) -> Iterator[Message | str]:
    yield Message("document.if-it-became", condition=condition_word(level.value))
    for route in routing.routes:
        timings = "".join(f"  {each}" for each in route.timings)
        yield f"  → {route.destination}  {listed(route.recipients)}  ({route.rule_citation}){timings}"
    for end in routing.dead_ends:
        yield f"  × {end.detail}  ({end.rule_citation})"
    if not routing.routes and not routing.dead_ends:
        yield Message("document.no-row-for-level")


def _way_json(routing: Routing) -> dict[str, object]:
    return {
        "routes": [
            {
                "destination": each.destination,
                "recipients": each.recipients,
                "ordered_by": each.rule_citation.as_output(),
                "timing": [timing.text for timing in each.timings],
            }
            for each in routing.routes
        ],
        "dead_ends": [
            {"recipient": each.recipient, "reason": each.reason, "detail": each.detail.as_output()}
            for each in routing.dead_ends
        ],
    }
