"""Settings of a target's source with `kind = "logs"`, and what to count for one row."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, InstanceOf, model_validator

from toban.chapters.monitoring.counting import Counting
from toban.chapters.monitoring.limits import Unjudgeable
from toban.engine.amounts import length
from toban.engine.bindings.section import Section, invalid
from toban.engine.bindings.values import Length
from toban.engine.search_parts import BadSearch
from toban.engine.telemetry.logs.language import read_search
from toban.message import NOTHING, Message


def _search(written: str) -> str:
    try:
        return read_search(written).written
    except BadSearch as bad:
        raise invalid(
            Message("monitoring.bad-search", reason=bad.said), Message("monitoring.write-search")
        ) from bad


type Search = Annotated[str, AfterValidator(_search)]


class _Patience(Section):
    """When rows count, and when their absence matters."""

    late: Length = timedelta(seconds=10)
    """How late lines may arrive and still be seen by the first measurement of their time."""
    quiet: Length = timedelta(days=1)
    """If no line at all has arrived for this long, nothing is measured: silence is not zero."""


class LogRowsConfig(_Patience):
    """`kind = "logs"`: rows of the logs that are sent to Toban."""

    example: ClassVar[Mapping[str, str]] = {"query": "service:shop-api"}

    query: Search = ""
    """A search matching all log rows of the target."""
    items: Mapping[str, Search] = {}
    """The document's name for an item → the search that finds it, replacing the row's own words."""
    window: Length | None = None
    """The time over which to count if the document's row doesn't say."""

    @model_validator(mode="after")
    def _window_is_at_most_a_day(self) -> Self:
        if self.window is not None and self.window > timedelta(days=1):
            raise invalid(Message("monitoring.window-too-long"), Message("monitoring.write-shorter-window"))
        return self


class CountConfig(_Patience):
    """What to count for one row."""

    query: str
    """The log rows of the target."""
    search: str
    """The rows that count."""
    window: timedelta
    note: InstanceOf[Message] = NOTHING
    """An explanation of the count, if the row itself does not name the window."""


def counted(config: LogRowsConfig, row: Counting) -> CountConfig:
    """Return what to count for *row* under *config*, or raise `Unjudgeable` naming what is missing."""
    search = config.items.get(row.item, row.search)
    if search is None:
        raise Unjudgeable(Message("monitoring.log-unknown", item=row.item))
    window = row.window or config.window
    if window is None:
        raise Unjudgeable(Message("monitoring.window-unknown", item=row.item))
    whole = " ".join(part for part in (config.query, search) if part)
    return CountConfig(
        query=config.query,
        search=whole,
        window=window,
        note=NOTHING if row.window else Message("monitoring.within", window=length(window)),
        late=config.late,
        quiet=config.quiet,
    )
