"""Figures as people read them, and the parts that several extensions bring something to."""

import pytest

from toban.engine.reports.formula import Constant
from toban.engine.reports.section import (
    FigureUnit,
    RawTable,
    ReportFigure,
    ReportPart,
    ReportSection,
    joined,
)
from toban.message import plain

TABLE = RawTable("t", plain("t"), (), ())


def figure(number: float, unit: FigureUnit) -> ReportFigure:
    return ReportFigure(key="f", label=plain("f"), table=TABLE, formula=Constant(number), unit=unit)


@pytest.mark.parametrize(
    ("number", "unit", "said"),
    [
        (99.96, FigureUnit.PERCENT, "99.9%"),
        (100, FigureUnit.PERCENT, "100.0%"),
        (99.3, FigureUnit.PERCENT, "99.3%"),
        (0.04, FigureUnit.USE, "0.1%"),
        (0, FigureUnit.USE, "0.0%"),
        (69.96, FigureUnit.USE, "70.0%"),
        (69.3, FigureUnit.USE, "69.3%"),
    ],
)
def test_a_share_is_never_rounded_towards_what_is_better(number: float, unit: FigureUnit, said: str) -> None:
    assert str(figure(number, unit).value) == said


def test_what_several_extensions_say_about_a_part_is_one_section_in_their_order() -> None:
    first = ReportSection(ReportPart.SECURITY, (figure(1, FigureUnit.COUNT),), (TABLE,), notes=(plain("a"),))
    other = RawTable("u", plain("u"), (), ())
    then = ReportSection(ReportPart.SECURITY, (), (other,), notes=(plain("b"),))

    both = joined([first, then])

    assert both.figures == first.figures
    assert both.tables == (TABLE, other)
    assert both.notes == (plain("a"), plain("b"))
    assert joined([first]) is first
