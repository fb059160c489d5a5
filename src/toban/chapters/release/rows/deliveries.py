"""The releases of an environment as DORA's figures take them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from toban.chapters.release.models import Release
from toban.chapters.release.rows.dora import Delivery, Figures, figures
from toban.engine.spans import Span


def of(deployment: str, month: Span, now: datetime) -> Figures:
    """Return the figures of *month* from the releases of *deployment*, a service's last environment."""
    return figures(deliveries_of(deployment, month), month, now)


def deliveries_of(deployment: str, month: Span) -> Sequence[Delivery]:
    """Return the releases of *deployment* that can count in *month*."""
    found = Release.objects.filter(deployment=deployment, served_at__isnull=False, served_at__lt=month[1])
    rows = found.exclude(kind__in=(Release.Kind.DRILL, Release.Kind.FIRST)).filter(
        # A rollback counts for the release that it undoes as well, which may have served long before.
        served_at__gte=month[0]
    ) | found.filter(kind=Release.Kind.ROLLBACK)
    return _deliveries(rows)


def _deliveries(rows: Iterable[Release]) -> Sequence[Delivery]:
    bad = (Release.State.ROLLED_BACK, Release.State.FAILED)
    return [
        Delivery(
            each.pk,
            each.kind == Release.Kind.ROLLBACK,
            each.state in bad,
            each.served_at,
            tuple(datetime.fromisoformat(at) for _, at in each.commits),
            each.undoes_id,
            each.detected_at,
            each.checked_at,
        )
        for each in rows
        if each.served_at is not None
    ]
