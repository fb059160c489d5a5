"""The operation of modes: the first screen says how many rows are in shadow."""

from collections.abc import Iterator

from toban.engine.editions.edition import Edition
from toban.engine.extension import Link
from toban.engine.modes.rules import Mode, word
from toban.engine.operation import Operation, Rows
from toban.engine.overview import EditionStatus, OverviewFigure
from toban.message import Message


def _plan(_edition: Edition) -> Rows:
    return Rows()


def _figures(_edition: Edition, seen: EditionStatus) -> Iterator[OverviewFigure]:
    """Yield how many rows show that they are in shadow; nothing if none does. Every page asks."""
    count = sum(row.value == word(Mode.SHADOW) for row in seen.rows.values())
    if count:
        yield OverviewFigure(
            link=Link("modes", Message("modes.figure")),
            value=Message("modes.acts-in-shadow", count=count),
            detail=Message("modes.see-what-would-have-run"),
        )


OPERATION = Operation(plan=_plan, figures=_figures)
