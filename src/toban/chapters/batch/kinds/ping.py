"""A batch that runs elsewhere, by an existing cron, and reports by ping URLs."""

import re
from collections.abc import Iterator
from datetime import timedelta

from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.engine.bindings.values import Length
from toban.engine.runs.kinds import BATCHES, BatchBinding, Site, WorkKind
from toban.engine.runs.work import ElsewhereReporting, Step
from toban.engine.trial import Doubt
from toban.message import Message

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,}")


class PingBatch(BatchBinding):
    """`kind = "ping"`; `timeout` is how long it may take from its start to its end."""

    token: Secret
    """The secret part of the URL: a UUID, or 16 or more characters that are allowed in a URL."""
    grace: Length = timedelta(hours=1)
    """How long after the due time the first ping may take."""


def steps(_config: PingBatch, _site: Site) -> tuple[Step, ...]:
    """Return no steps: nothing is done here."""
    return ()


def reported(config: PingBatch) -> ElsewhereReporting:
    """Return the token that a report must know, and when the report is late."""
    return ElsewhereReporting(config.token, config.grace)


def doubts(config: PingBatch, site: Site) -> Iterator[Doubt]:
    """Yield what is wrong with the token: it must fit into a URL, be hard to guess, and be unique."""
    token = config.token.reveal()
    if not _TOKEN.fullmatch(token):
        yield (Message("batch.token-is-weak", token=config.token), Message("batch.place-a-uuid"))
    for key, other in BATCHES.of(site.bindings).items():
        if other.config is config or not isinstance(other.config, PingBatch):
            continue
        if _value(other.config.token) == token:
            hint = Message("batch.place-a-uuid-for-each")
            yield (Message("batch.token-is-shared", other=f"[batches.{key}]"), hint)


def _value(token: Secret) -> str | None:
    try:
        return token.reveal()
    except SecretUnavailable:
        return None


KIND = WorkKind(PingBatch, steps, reported, doubts)
