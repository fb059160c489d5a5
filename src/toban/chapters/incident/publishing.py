"""What the public status page says about incidents: the note that people wrote for it, and times. No more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from toban.chapters.incident.models import Incident

_PAST = timedelta(days=30)
"""How long one that is over stays on the page."""
_MOST = 50


@dataclass(frozen=True, slots=True)
class PublicIncident:
    """An incident as the public sees it."""

    note: str
    began_at: datetime
    recovered_at: datetime | None
    """None while it goes on."""


def published(now: datetime) -> Sequence[PublicIncident]:
    """Return the incidents that people chose to show: the newest first, those that are over for a time."""
    lately = Q(recovered_at=None) | Q(recovered_at__gt=now - _PAST)
    found = Incident.objects.filter(lately, is_public=True, is_drill=False, merged_into=None)
    return [
        PublicIncident(each.public_note, each.began_at, each.recovered_at)
        for each in found.order_by("-began_at", "-pk")[:_MOST]
    ]
