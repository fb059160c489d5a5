"""Settings of a target's source with `kind = "access_log"`."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from toban.chapters.monitoring.limits import Percentile
from toban.engine.bindings.section import Section
from toban.engine.bindings.values import Length


class AccessLogConfig(Section):
    """`kind = "access_log"`: a service, by the name in its log lines."""

    example: ClassVar[Mapping[str, str]] = {"service": "shop-api"}

    service: str
    route: str = ""
    """Only requests whose route begins with this; empty for all."""
    late: Length = timedelta(seconds=10)
    """How late lines may arrive and still be counted."""


class PercentileConfig(AccessLogConfig):
    """Which percentile to compute for one row."""

    percentile: Decimal
    window: timedelta


def ranked(config: AccessLogConfig, of: Percentile) -> PercentileConfig:
    """Return the config that computes *of* from the requests of *config*."""
    return PercentileConfig(
        service=config.service, route=config.route, late=config.late, percentile=of.of, window=of.window
    )
