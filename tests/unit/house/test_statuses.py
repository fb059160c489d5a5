"""Whether a judgement still counts is decided at one place: nobody else reads the statuses."""

import ast
from pathlib import Path

import toban

SOURCE = Path(toban.__file__).parent
READERS = {Path("engine/evidence/current.py"), Path("engine/evidence/status.py")}
"""The second writes them."""


def test_only_one_module_reads_statuses() -> None:
    files = (path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts)

    assert {path.relative_to(SOURCE) for path in files if reads_statuses(path)} == READERS


def reads_statuses(path: Path) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr == "objects"
        and isinstance(node.value, ast.Name)
        and node.value.id == "ClauseStatus"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )
