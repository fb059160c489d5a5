"""A module that claims to be pure decides on values alone: no tables, no clock, no settings, no network."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CLAIM = re.compile(r"\bpure\b", re.IGNORECASE)
IMPURE = {
    "tables": r"django\.db|(.+\.)?models",
    # `Clock` is only the type of an argument.
    "clock": r"time|toban\.engine\.clock\.system_clock|django\.utils\.timezone",
    "settings": r"django\.conf|toban\.settings|os",
    "network": r"httpx|socket|ssl|urllib\.request|http\.client|smtplib|aiosmtpd|asyncssh|boto3|botocore"
    r"|obstore|clickhouse_connect|chdb|psycopg|redis|subprocess",
}
NOW = re.compile(r"\b(datetime|date)\.(now|utcnow|today)\(")
PURE = sorted(
    path
    for source in ("src", "examples")
    for path in (ROOT / source).rglob("*.py")
    # Most files name it nowhere: parsing all takes a second at each start.
    if CLAIM.search(text := path.read_text())
    and CLAIM.search((ast.get_docstring(ast.parse(text)) or "").partition("\n\n")[0])
)


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_that_claim_to_be_pure_are_pure(path: Path) -> None:
    assert not list(impurities(path.read_text()))


def test_many_modules_are_pure() -> None:
    assert len(PURE) > 100


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("from toban.engine.runs.models import Run", "tables: toban.engine.runs.models.Run"),
        ("from toban.engine.runs import models", "tables: toban.engine.runs.models"),
        ("def f():\n    from django.db import transaction", "tables: django.db.transaction"),
        ("from toban.engine.clock import Clock, system_clock", "clock: toban.engine.clock.system_clock"),
        ("import time", "clock: time"),
        ("from time import monotonic", "clock: time.monotonic"),
        ("at = datetime.now(UTC)", "clock: datetime.now("),
        ("from django.conf import settings", "settings: django.conf.settings"),
        ("from os import environ", "settings: os.environ"),
        ("import botocore.exceptions", "network: botocore.exceptions"),
    ],
)
def test_an_impure_line_is_named(code: str, told: str) -> None:
    assert list(impurities(code)) == [told]


def test_values_the_clock_type_and_times_of_day_are_pure() -> None:
    code = "from datetime import datetime, time\nfrom toban.engine.clock import Clock\nimport ostrich, timeit"

    assert list(impurities(code)) == []


def impurities(code: str) -> Iterator[str]:
    """Yield everything *code* imports or calls that a pure decision must not use."""
    for name in _imported(ast.parse(code)):
        for kind, pattern in IMPURE.items():
            if re.fullmatch(rf"({pattern})(\..+)?", name):
                yield f"{kind}: {name}"
    yield from (f"clock: {found[0]}" for found in NOW.finditer(code))


def _imported(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted names of all imports, anywhere in the code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
