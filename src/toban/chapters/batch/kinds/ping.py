"""A batch that is done elsewhere, by a cron as it stands, and reports by ping URLs."""

from datetime import timedelta
from typing import ClassVar

from toban.engine.bindings.model import BatchBinding, Length
from toban.engine.bindings.secret import Secret
from toban.engine.runs.kinds import Site, WorkKind
from toban.engine.runs.work import Reported, Step


class PingBatch(BatchBinding):
    """`kind = "ping"`; `timeout` is how long it may take from its start to its end."""

    example: ClassVar = {"token": "file:pings/B007", "grace": "30分"}

    token: Secret
    """The part of the URL that nobody else knows: a UUID, or any 16 characters or more that a URL takes."""
    grace: Length = timedelta(hours=1)
    """How long after its due time it may take until the first ping."""


def steps(_config: PingBatch, _site: Site) -> tuple[Step, ...]:
    """Return none: nothing is done here."""
    return ()


def reported(config: PingBatch) -> Reported:
    """Return what a report must know and when it is late."""
    return Reported(config.token, config.grace)


KIND = WorkKind(PingBatch, steps, reported)
