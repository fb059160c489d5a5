"""A state database from when invoices were a kind of Toban's own is taken over by the package."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
RECORDED = Path(__file__).with_name("issued_before.sql").read_text(encoding="utf-8")
NUMBER = """
import json
from datetime import date
from tests.integration.examples.invoices.number_many import content
from toban_invoices.models import Revision
from toban_invoices.numbering import InvoiceBook, number
number(InvoiceBook("2026", "B003", date(2026, 10, 31)), [content("5"), content("6")], 2)
number(InvoiceBook("2026", "B003", date(2026, 11, 30)), [content("5")], 3)
rows = Revision.objects.order_by("pk")
print(json.dumps(list(rows.values_list("invoice__number", "number", "run", "file"))))
"""


@pytest.fixture
def taken_over(sqlite: dict[str, str]) -> dict[str, str]:
    """A state database as the older Toban left it."""
    with closing(opened(sqlite)) as state:
        for table in ("revision", "invoice", "series"):
            state.execute(f"DROP TABLE invoices_{table}")
        state.execute("DELETE FROM django_migrations WHERE app = 'invoices'")
        state.executescript(RECORDED)
    return sqlite


def opened(environment: Mapping[str, str]) -> sqlite3.Connection:
    return sqlite3.connect(environment["TOBAN_STATE_URL"].removeprefix("sqlite:///"))


def of_invoices(environment: Mapping[str, str]) -> list[str]:
    """Return the invoice tables and their rows as SQL, and their applied migrations."""
    with closing(opened(environment)) as state:
        migrations = state.execute("SELECT * FROM django_migrations WHERE app = 'invoices'").fetchall()
        return [*(line for line in state.iterdump() if "invoices_" in line), *map(repr, migrations)]


def django(environment: Mapping[str, str], *arguments: str) -> str:
    return subprocess.check_output(
        [sys.executable, "-m", "django", *arguments], env=environment, encoding="utf-8"
    )


def test_existing_tables_and_rows_stay_unchanged(taken_over: dict[str, str]) -> None:
    before = of_invoices(taken_over)

    told = django(taken_over, "migrate")

    assert "No migrations to apply" in told
    assert of_invoices(taken_over) == before
    assert len([line for line in before if line.startswith('INSERT INTO "invoices_')]) == 5


def test_the_existing_tables_match_the_models(taken_over: dict[str, str]) -> None:
    assert "No changes detected" in django(taken_over, "makemigrations", "--check", "--dry-run", "invoices")


def test_the_existing_numbering_continues_without_a_gap(taken_over: dict[str, str]) -> None:
    environment = {**taken_over, "PYTHONPATH": str(ROOT)}

    rows = json.loads(subprocess.check_output([sys.executable, "-c", NUMBER], env=environment))

    assert rows == [
        [1, 1, 1, "2026-10-31/2026-00001.pdf"],
        [2, 1, 2, ""],
        [1, 2, 2, ""],  # the number was issued with other content: it stays, and a revision follows
        [3, 1, 3, ""],
    ]
