"""Formulas as JSON values, and back. Pure."""

from collections.abc import Mapping
from typing import Any

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
)


def formula_values(formula: Formula) -> list[object]:
    """Return *formula* as JSON values; raise `TypeError` for one of a kind that can't be kept."""
    match formula:
        case Of():
            return ["of", formula.statistic.value, formula.column]
        case CountOf():
            return ["count-of", formula.column, formula.word]
        case SumWhere():
            return ["sum-where", formula.column, formula.where, formula.word]
        case Plus():
            return ["plus", *map(formula_values, formula.parts)]
        case Minus():
            return ["minus", formula_values(formula.first), formula_values(formula.then)]
        case Over():
            return ["over", formula_values(formula.first), formula_values(formula.then), formula.times]
        case Constant():
            return ["constant", formula.number]
    raise TypeError(f"{type(formula).__name__} can't be kept")


def read_formula(written: list[Any]) -> Formula:
    """Return what `formula_values` wrote."""
    name, *values = written
    read: Formula = _READERS[name](*values)
    return read


def _of(statistic: str, column: str) -> Formula:
    return Of(ColumnStatistic(statistic), column)


def _plus(*parts: list[Any]) -> Formula:
    return Plus(tuple(map(read_formula, parts)))


def _minus(first: list[Any], then: list[Any]) -> Formula:
    return Minus(read_formula(first), read_formula(then))


def _over(first: list[Any], then: list[Any], times: float) -> Formula:
    return Over(read_formula(first), read_formula(then), times)


_READERS: Mapping[str, Any] = {
    "of": _of,
    "count-of": CountOf,
    "sum-where": SumWhere,
    "plus": _plus,
    "minus": _minus,
    "over": _over,
    "constant": Constant,
}
