"""Exceptions as JSON values."""

from datetime import datetime

from toban.engine.exceptions.models import RowException


def exception_values(found: RowException, now: datetime) -> dict[str, object]:
    """Return *found*, with its state at *now*."""
    return {
        "exception": found.pk,
        "state": found.state(now).value,
        "row": found.clause_id,
        "citation": found.citation,
        "text": found.clause_text,
        "subject": found.subject,
        "reason": found.reason,
        "author": found.author_name,
        "asked_at": found.asked_at.isoformat(),
        "ends_at": found.ends_at.isoformat(),
        "holds_notices": found.holds_notices,
        "renews": found.renews_id,
        "granted_at": found.granted_at.isoformat() if found.granted_at else None,
        "granted_by": found.granted_by,
        "ended_at": found.ended_at.isoformat() if found.ended_at else None,
        "ended_because": found.ended_because.as_output() if found.ended_because else None,
    }
