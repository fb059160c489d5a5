"""Why somebody was notified of an alert, or was not: `toban why 12`."""

from collections.abc import Iterator

from toban.engine.notify.account import NoticePlace, places
from toban.engine.notify.delivery.words import one_line
from toban.engine.notify.models import Alert, Delivery, StageOutcome
from toban.faces.cli.answer import CommandAnswer
from toban.faces.cli.notify.alerts import line
from toban.faces.values.alerts import alert_values
from toban.faces.words import alerts as words
from toban.faces.words.lists import listed
from toban.message import Message


def answer(alert_id: int) -> CommandAnswer | None:
    """Say by place and by stage who was notified of the alert; None if there is no such alert."""
    alert = Alert.objects.filter(pk=alert_id).first()
    return about(alert) if alert is not None else None


def about(alert: Alert) -> CommandAnswer:
    """Say the same about *alert*."""
    found = places(alert)
    lines = [line(alert), f"        {alert.citation}  {alert.clause_text}"]
    lines += [text for place in found for text in _told(place)] or [f"  {Message('notify.no-stage-yet')}"]
    return CommandAnswer(
        tuple(lines), {"alert": alert_values(alert), "places": [_place(each) for each in found]}
    )


def _told(place: NoticePlace) -> Iterator[str]:
    to = place.destination or str(Message("notify.no-recipient"))
    name = " ".join(part for part in (to, listed(place.recipients)) if part)
    yield f"  {name}" + (f"  ({place.ordered_by})" if place.ordered_by else "")
    yield f"    {words.answer(place)}"
    yield "    " + "  ".join(f"{words.MARKS[step.word]}{words.STAGES[step.stage]}" for step in place.steps)
    for outcome in place.outcomes:
        mark, at = "→" if outcome.passed else "×", f"{outcome.at.astimezone():%m-%d %H:%M:%S}"
        yield f"    {at} {mark} {words.STAGES[outcome.stage]}: {words.because(outcome)}"
    yield from (f"    {text}" for text in map(receipt, place.deliveries))


def receipt(delivery: Delivery) -> str:
    """Return the outcome of a notification, in one line."""
    at = (delivery.settled_at or delivery.created_at).astimezone()
    proof = delivery.receipt or delivery.error
    became = words.sent(delivery) + (f" ({proof})" if proof else "")
    return f"{at:%m-%d %H:%M:%S} {one_line(delivery.announcement.title)}  {became}"


def _place(place: NoticePlace) -> dict[str, object]:
    newest = place.newest
    return {
        "destination": place.destination,
        "recipients": place.recipients,
        "ordered_by": place.ordered_by.as_output(),
        "told": newest.state if newest is not None else "no",
        "answer": words.answer(place),
        "stages": {step.stage: step.word for step in place.steps},
        "outcomes": [_outcome(each) for each in place.outcomes],
        "deliveries": [delivery_json(each) for each in place.deliveries],
    }


def _outcome(outcome: StageOutcome) -> dict[str, object]:
    return {
        "at": outcome.at.isoformat(),
        "condition": outcome.condition,
        "passed": outcome.passed,
        "stage": outcome.stage,
        "reason": outcome.reason,
        "detail": outcome.detail.as_output(),
        "trail": outcome.trail,
    }


def delivery_json(delivery: Delivery) -> dict[str, object]:
    """Return a notification and its outcome as JSON values."""
    return {
        "at": delivery.created_at.isoformat(),
        "title": delivery.announcement.title.as_output(),
        "language": delivery.language,
        "state": delivery.state,
        "settled_at": delivery.settled_at.isoformat() if delivery.settled_at else None,
        "receipt": delivery.receipt,
        "error": delivery.error.as_output(),
        "attempts": delivery.attempts,
    }
