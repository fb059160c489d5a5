"""A request for approval as JSON values, with times in UTC: on the terminal and in the API."""

from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.telling import Candidates


def request_values(request: ApprovalRequest, found: Candidates) -> dict[str, object]:
    """Return *request* as JSON values, with those who may approve it now."""
    return {
        "request": request.pk,
        "subject": request.subject,
        "part": request.part,
        "digest": request.digest,
        "role": request.role,
        "people": request.people,
        "irreversible": request.is_irreversible,
        "ordered_by": request.ordered_by,
        "asked_at": request.asked_at.isoformat(),
        "expires_at": request.expires_at.isoformat(),
        "able": list(found.able),
        "why_nobody": found.why_nobody.as_output() if found.why_nobody else None,
        "shown": [[label.as_output(), value.as_output()] for label, value in request.facts_said()],
    }
