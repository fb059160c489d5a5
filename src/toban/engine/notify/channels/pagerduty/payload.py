"""A notification as a PagerDuty event (https://developer.pagerduty.com/docs/events-api-v2-overview)."""

from toban.design.values.severity import AlertLevel
from toban.engine.notify.delivery.notice import Notice, NoticeKind
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
    links = [{"href": notice.url, "text": notice.say(Message("notify.open"))}] if notice.url else []
    return {
        **event,
        "event_action": "trigger",
        "client": "Toban",
        **({"client_url": notice.url} if notice.url else {}),
        "links": links,
        "payload": {
            "summary": _clip(notice.title, _SUMMARY),
            "source": notice.citation,
            "severity": _SEVERITIES[notice.level],
            "timestamp": notice.at.isoformat(),
            "class": notice.kind.value,
            "custom_details": {
                **dict(notice.facts),
                notice.say(Message("notify.fact-row")): notice.clause_text,
                "idempotency_key": notice.key,
                "title_message": notice.messages.title.as_json(),
            },
        },
    }


def _clip(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
