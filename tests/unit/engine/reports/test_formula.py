"""Formulas over raw rows."""

from collections.abc import Mapping, Sequence

import pytest

from toban.engine.reports.formula import (
    ColumnStatistic,
    Constant,
    CountOf,
    Formula,
    Minus,
    Of,
    Over,
    Plus,
    SumWhere,
    count,
    total,
)

ROWS: Mapping[str, Sequence[object]] = {
    "seconds": [10, None, 30.5, ""],
    "state": ["done", "failed", "done", ""],
    "empty": [None, ""],
}


@pytest.mark.parametrize(
    ("formula", "value", "written"),
    [
        (count("seconds"), 2, "COUNT(seconds)"),
        (total("seconds"), 40.5, "SUM(seconds)"),
        (total("empty"), 0, "SUM(empty)"),
        (Of(ColumnStatistic.AVERAGE, "seconds"), 20.25, "AVERAGE(seconds)"),
        (Of(ColumnStatistic.MEDIAN, "seconds"), 20.25, "MEDIAN(seconds)"),
        (Of(ColumnStatistic.MAX, "seconds"), 30.5, "MAX(seconds)"),
        (CountOf("state", "done"), 2, 'COUNTIF(state,"done")'),
        (CountOf("state", 'a "b" *?'), 0, 'COUNTIF(state,"a ""b"" ~*~?")'),
        (CountOf("state", ">done"), 0, 'COUNTIF(state,"=>done")'),
        (SumWhere("seconds", "state", "done"), 40.5, 'SUMIF(state,"done",seconds)'),
        (SumWhere("seconds", "state", "failed"), 0, 'SUMIF(state,"failed",seconds)'),
        (Minus(Constant(50), total("seconds")), 9.5, "(50-SUM(seconds))"),
        (
            Over(CountOf("state", "done"), count("seconds"), 100),
            100,
            'COUNTIF(state,"done")/COUNT(seconds)*100',
        ),
        (
            Plus((CountOf("state", "done"), CountOf("state", "failed"))),
            3,
            '(COUNTIF(state,"done")+COUNTIF(state,"failed"))',
        ),
    ],
)
def test_a_formula_is_computed_and_written_by_the_same_columns(
    formula: Formula, value: float, written: str
) -> None:
    assert formula.value(ROWS.__getitem__) == pytest.approx(value)
    assert formula.written(str) == written


@pytest.mark.parametrize(
    "formula",
    [
        Of(ColumnStatistic.AVERAGE, "empty"),
        Of(ColumnStatistic.MAX, "empty"),
        Over(count("seconds"), count("empty")),
        Minus(total("seconds"), Of(ColumnStatistic.MEDIAN, "empty")),
        Plus((total("seconds"), Of(ColumnStatistic.MAX, "empty"))),
    ],
)
def test_of_nothing_a_formula_says_nothing(formula: Formula) -> None:
    assert formula.value(ROWS.__getitem__) is None
