"""The rows as `toban status` shows them, compared with a table."""

import json
from typing import Any

from tests.e2e.rows.tables import Expected
from tests.e2e.running import Toban, wait_for

_WITHIN = 300.0


def rows(toban: Toban) -> dict[int, dict[str, Any]]:
    """Return every row as `toban status` shows it, by its line."""
    said = toban.run("status", "--format", "json")
    assert said.returncode == 0, said.stdout + said.stderr
    return {row["line"]: row for row in json.loads(said.stdout)["rows"]}


def expect(toban: Toban, wanted: dict[int, Expected]) -> None:
    """Wait until the rows are as *wanted*; at the end show those that are not."""

    def differences() -> dict[int, tuple[Expected, tuple[str, str]]]:
        found = {line: (row["verdict"], _code(row["reason"])) for line, row in rows(toban).items()}
        return {line: (each, found[line]) for line, each in wanted.items() if not each.is_met(*found[line])}

    try:
        wait_for(lambda: not differences(), within=_WITHIN)
    except AssertionError:
        found = differences()
        assert found == {}, found


def _code(reason: dict[str, Any]) -> str:
    """Return the code of a reason's first part; a dash if it says nothing."""
    while reason["code"] in {"common.lines", "common.sentences"}:
        reason = reason["values"]["first"]
    return str(reason["code"]) or "-"
