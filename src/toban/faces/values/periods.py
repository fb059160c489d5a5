"""A period that somebody ordered, as JSON values: on the terminal and in the API."""

from toban.engine.notify.models import OrderedPeriod


def period_values(period: OrderedPeriod, number: str, *own: str) -> dict[str, object]:
    """Return *period* with its *own* fields; its number is called *number*."""
    return {
        number: period.pk,
        **{name: getattr(period, name) for name in own},
        "author": period.author,
        "reason": period.reason,
        "starts_at": period.starts_at.isoformat(),
        "ends_at": period.ends_at.isoformat(),
    }
