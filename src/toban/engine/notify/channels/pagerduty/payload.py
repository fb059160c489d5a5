"""A notification as a PagerDuty event (https://developer.pagerduty.com/docs/events-api-v2-overview)."""

from collections.abc import Iterator

from toban.design.values.severity import AlertLevel
from toban.engine.notify.delivery.notice import Notice, NoticeAbout, NoticeKind
from toban.message import Message

_SUMMARY = 1024
_SEVERITIES = {AlertLevel.CRITICAL: "critical", AlertLevel.WARNING: "warning", AlertLevel.INFO: "info"}


def payload(notice: Notice, routing_key: str) -> dict[str, object]:
    """Return the event: it triggers, acknowledges or resolves the incident with the same `dedup_key`."""
    event: dict[str, object] = {"routing_key": routing_key, "dedup_key": notice.alert_key}
    if notice.kind is NoticeKind.RECOVERED:
        return {**event, "event_action": "resolve"}
    if notice.kind is NoticeKind.ACKNOWLEDGED:
        return {**event, "event_action": "acknowledge"}
    about = notice.about
    return {
        **event,
        "event_action": "trigger",
        "client": "Toban",
        **({"client_url": notice.url} if notice.url else {}),
        "links": list(_links(notice)),
        "payload": {
            "summary": _clip(notice.title, _SUMMARY),
            # PagerDuty shows and sorts by it: the host, or without one the row.
            "source": (about.source if about is not None else "") or notice.citation,
            "severity": _SEVERITIES[notice.level],
            "timestamp": notice.at.isoformat(),
            "class": notice.kind.value,
            **({"component": about.target} if about is not None and about.target else {}),
            "custom_details": {
                **dict(notice.facts),
                notice.say(Message("notify.fact-row")): notice.clause_text,
                "idempotency_key": notice.key,
                "title_message": notice.messages.title.as_json(),
                **(_details(notice, about) if about is not None else {}),
            },
        },
    }


def _links(notice: Notice) -> Iterator[dict[str, str]]:
    if notice.url:
        yield {"href": notice.url, "text": notice.say(Message("notify.open"))}
    if notice.about is not None and notice.about.row_url:
        yield {"href": notice.about.row_url, "text": notice.say(Message("notify.fact-row"))}


def _details(notice: Notice, about: NoticeAbout) -> dict[str, str]:
    measured = {"value": notice.say(about.value), "threshold": notice.say(about.threshold)}
    return {
        **about.names,
        **{name: value for name, value in measured.items() if value},
        "row": about.clause_id,
        "citation": notice.citation,
    }


def _clip(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
