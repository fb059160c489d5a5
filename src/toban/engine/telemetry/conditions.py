"""The terms of a search as SQL for the telemetry store. Pure.

User input reaches the store as a parameter.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from toban.engine.search_parts import Match, SearchTerm

WITHIN = "at >= fromUnixTimestamp64Milli({start:Int64}) AND at < fromUnixTimestamp64Milli({end:Int64})"
"""The span of time, which every WHERE clause here begins with."""
_TESTS = {
    Match.WHOLE: "{} = {}",
    Match.BEGINS: "startsWith({}, {})",
    Match.ENDS: "endsWith({}, {})",
    Match.PART: "position({}, {}) > 0",
    Match.PATTERN: "match({}, {})",
    Match.ANY: "{} != {}",
}


def conditions[Where](
    terms: Iterable[SearchTerm[Where]],
    span: Mapping[str, Any],
    condition: Callable[[SearchTerm[Where], str], tuple[str, object]],
) -> tuple[str, dict[str, Any]]:
    """Return the WHERE clause for *terms* within a span of time, and its parameters.

    *condition* returns the SQL for a term, with the term's value as a parameter of the given name, and that
    value.
    """
    parameters: dict[str, Any] = {**span}
    parts = [WITHIN]
    for number, term in enumerate(terms):
        either = []
        for place, each in enumerate((term, *term.others)):
            name = f"term{number}_{place}"
            part, parameters[name] = condition(each, name)
            either.append(f"NOT ({part})" if each.negated else f"({part})")
        parts.append(either[0] if len(either) == 1 else f"({' OR '.join(either)})")
    return " AND ".join(parts), parameters


def test_of(match: Match, name: str) -> Callable[[str], str]:
    """Return a function that makes the SQL to compare a text expression with the parameter *name*."""
    if match in _TESTS:
        return lambda text: _TESTS[match].format(text, f"{{{name}:String}}")
    return lambda text: f"ifNull(toFloat64OrNull({text}) {match} {{{name}:Float64}}, 0)"
