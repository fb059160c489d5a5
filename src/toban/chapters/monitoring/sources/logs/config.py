"""What a target's source says with `kind = "logs"`, and what of it is counted for one row."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, model_validator
from pydantic_core import PydanticCustomError

from toban.chapters.monitoring.counting import Counting
from toban.chapters.monitoring.limits import Unjudgeable
from toban.engine.amounts import length
from toban.engine.bindings.section import Section
from toban.engine.bindings.values import Length
from toban.engine.search_parts import BadSearch
from toban.engine.telemetry.logs.language import read_search


def _search(written: str) -> str:
    try:
        return read_search(written).written
    except BadSearch as bad:
        hint = "toban logs と同じ書き方です: level:ERROR service:shop-api"
        raise PydanticCustomError(
            "search", "検索として読めません: {why}", {"why": str(bad), "hint": hint}
        ) from bad


type Search = Annotated[str, AfterValidator(_search)]


class _Patience(Section):
    """When rows count, and when their absence says something."""

    late: Length = timedelta(seconds=10)
    """How late lines may come and still be seen by the first look at their time."""
    quiet: Length = timedelta(days=1)
    """When no line at all came for so long, nothing is measured: silence is no zero."""


class LogsConfig(_Patience):
    """`kind = "logs"`: rows of the logs that are sent here."""

    example: ClassVar[Mapping[str, str]] = {"query": "service:shop-api"}

    query: Search = ""
    """Of which rows the target's are: a search that holds for each of them."""
    items: Mapping[str, Search] = {}
    """What the document calls a thing → the search that finds it; takes the place of the row's own words."""
    window: Length | None = None
    """Within what time is counted where the document's row doesn't say."""

    @model_validator(mode="after")
    def _window_is_at_most_a_day(self) -> Self:
        if self.window is not None and self.window > timedelta(days=1):
            raise PydanticCustomError(
                "window", "件数を数える期間は1日までです", {"hint": "1日以下にしてください"}
            )
        return self


class CountConfig(_Patience):
    """What is counted for one row."""

    query: str
    """Of which rows the target's are."""
    search: str
    """Which of them count."""
    window: timedelta
    note: str = ""
    """What explains the count, where the row itself does not say the window."""


def counted(config: LogsConfig, row: Counting) -> CountConfig:
    """Return what of *config* is counted for *row*, or raise `Unjudgeable` with what is not said."""
    search = config.items.get(row.item, row.search)
    if search is None:
        raise Unjudgeable(
            f"「{row.item}」がどのログかが分かりません:"
            f' kind = "logs" の items に "{row.item}" = "検索" を書いてください'
        )
    window = row.window or config.window
    if window is None:
        raise Unjudgeable(
            f"「{row.item}」を何分間に数えるのかが書かれていません: 文書に「5分間に10件以上」と書くか、"
            'kind = "logs" に window = "5分" を書いてください'
        )
    whole = " ".join(part for part in (config.query, search) if part)
    return CountConfig(
        query=config.query,
        search=whole,
        window=window,
        note="" if row.window else f"{length(window)}間",
        late=config.late,
        quiet=config.quiet,
    )
