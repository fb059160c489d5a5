"""An alert as JSON values, with times in UTC: on the terminal and in the API."""

from toban.engine.notify.models import Alert


def alert_values(alert: Alert) -> dict[str, object]:
    """Return the alert as JSON values, with times in UTC."""
    return {
        "alert": alert.pk,
        "clause": alert.clause_id,
        "citation": alert.citation,
        "subject": alert.subject.as_output(),
        "condition": alert.condition,
        "value": alert.value.as_output(),
        "limit": alert.limit.as_output(),
        "labels": alert.labels,
        "began_at": alert.began_at.isoformat(),
        "detected_at": alert.opened_at.isoformat(),
        "resolved_at": alert.resolved_at.isoformat() if alert.resolved_at else None,
        "acknowledged_by": alert.acknowledged_by,
        "is_flapping": alert.flap_root_id is not None,
    }
