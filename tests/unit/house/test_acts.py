"""Every act that the code records in the audit log is read as a change, or is known to change nothing."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.registered import PARTS

from toban.engine.changes.act import EDITION
from toban.engine.changes.recorded import RECORDED

PACKAGE = Path(__file__).parents[3] / "src/toban"
RECORDING = {"record", "audit.record", "_audit", "_record", "_change"}
"""Functions that take the name of the act among their first two arguments."""
NAMING = {"order", "event"}
"""Keys of an entry that hold it."""
OTHERWISE = {EDITION, RECORDED, "operator-locked", "operator-unlocked"}
"""Acts whose names are put together, or stand in a constant."""


def recorded() -> Iterator[tuple[str, str]]:
    for module in sorted(PACKAGE.rglob("*.py")):
        text = module.read_text(encoding="utf-8")
        if "audit" in text or "Kind.AUDIT" in text:
            yield from ((act, str(module.relative_to(PACKAGE))) for act in acts_in(text))


def acts_in(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        for each in names_in(node):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield each.value


def names_in(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Dict(keys=keys, values=values):
            named = zip(keys, values, strict=True)
            return [value for key, value in named if isinstance(key, ast.Constant) and key.value in NAMING]
        case ast.Call(func=func, args=args) if ast.unparse(func) in RECORDING:
            return args[:2]
    return []


def test_every_recorded_act_has_a_reader() -> None:
    found = dict(recorded())

    assert {act: module for act, module in found.items() if act not in PARTS.acts} == {}
    assert {"silence", "role-changed", "api-order", "bucket-fixed", "break-glass"} <= found.keys()


def test_every_reader_reads_an_act_that_is_recorded() -> None:
    assert PARTS.acts.keys() - {act for act, _module in recorded()} - OTHERWISE == set()


def test_no_two_extensions_read_the_same_act() -> None:
    names = [name for each in PARTS.extensions for name in each.acts]

    assert len(names) == len(set(names))


def test_every_reader_reads_an_entry_that_says_nothing() -> None:
    """An entry of an older Toban may lack any value: no order, and no page, may fail for that."""
    for name, read in PARTS.acts.items():
        read({"order": name})
