"""A notification as version 4 of Alertmanager's webhook (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config).

A notification is a group of one alert. Receivers match a resolution to its alert by the fingerprint, the
group key or the start: none of these changes while an alert lasts, not even when a warning becomes critical.
"""

import hashlib
import json

from toban.engine.notify.channels.times import rfc3339
from toban.engine.notify.delivery.notice import Notice, NoticeAbout, NoticeKind

_NOT_ENDED = "0001-01-01T00:00:00Z"
"""Go's zero time: Alertmanager writes it as the end of an alert that is still firing."""


def payload(notice: Notice, receiver: str) -> dict[str, object]:
    """Return the message for *receiver*."""
    group = {"alertname": notice.subject, "incident": notice.alert_key}
    names = notice.about.names if notice.about is not None else {}
    labels = {**group, "severity": notice.level.name.lower(), **names}
    annotations = _annotations(notice)
    status = "resolved" if notice.kind is NoticeKind.RECOVERED else "firing"
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": rfc3339(notice.began_at),
        "endsAt": rfc3339(notice.ended_at) if notice.ended_at else _NOT_ENDED,
        "generatorURL": notice.url,
        "fingerprint": hashlib.sha256(notice.alert_key.encode()).hexdigest()[:16],
    }
    return {
        "version": "4",
        "groupKey": _group_key(group),
        "truncatedAlerts": 0,
        "status": status,
        "receiver": receiver,
        "groupLabels": group,
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": _server(notice.url),
        "alerts": [alert],
    }


def _annotations(notice: Notice) -> dict[str, str]:
    return {
        "summary": notice.title,
        "description": "\n".join(f"{label}: {value}" for label, value in notice.facts),
        "kind": notice.kind.value,
        "language": notice.language,
        "message": json.dumps(notice.messages.title.as_json(), ensure_ascii=False),
        "citation": notice.citation,
        "clause": notice.clause_text,
        **(_measured(notice, notice.about) if notice.about is not None else {}),
    }


def _measured(notice: Notice, about: NoticeAbout) -> dict[str, str]:
    found = {
        "value": notice.say(about.value),
        "threshold": notice.say(about.threshold),
        "row": about.clause_id,
        "row_url": about.row_url,
    }
    return {name: value for name, value in found.items() if value}


def _group_key(group: dict[str, str]) -> str:
    """Return the top route and its grouping labels in Alertmanager's notation."""
    pairs = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in group.items())
    return f"{{}}:{{{pairs}}}"


def _server(url: str) -> str:
    """Return Toban's own URL: the part before the path of the alert's page."""
    return url.rpartition("/alerts/")[0]
