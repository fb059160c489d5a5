"""Whether a commit or a version has been released. See `toban.engine.changes.delivered`."""

import re
from datetime import datetime

from django.db.models import Q

from toban.chapters.release.models import Release
from toban.engine.changes.delivered import DeliveredChange
from toban.message import Message

_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_BACK = (Release.Kind.ROLLBACK, Release.Kind.DRILL)


def find(reference: str, since: datetime) -> DeliveredChange | None:
    """Return the first release of *reference* that has served since *since*. See `FindDelivered`."""
    wanted = Q(artifact__label=reference)
    if _COMMIT.fullmatch(reference.casefold()):
        wanted |= Q(artifact__commit__startswith=reference.casefold())
    served = Release.objects.filter(wanted, served_at__gte=since).exclude(kind__in=_BACK)
    # What fell ill and was taken back keeps nothing from coming again.
    kept = served.exclude(state__in=(Release.State.FAILED, Release.State.ROLLED_BACK))
    found = kept.select_related("artifact").order_by("served_at").first()
    if found is None or found.served_at is None:
        return None
    said = Message(
        "release-rows.delivered",
        version=found.artifact.label,
        environment=found.environment,
        number=found.pk,
    )
    return DeliveredChange(found.served_at, said)
