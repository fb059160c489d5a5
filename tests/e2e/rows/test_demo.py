"""Every row of the demo's document is in a state that a reader would agree with; see `demo.txt`."""

import pytest
from tests.e2e.rows.looking import expect, rows
from tests.e2e.rows.tables import table
from tests.e2e.running import Toban

pytestmark = pytest.mark.slow


def test_the_table_names_every_row_of_the_document(toban: Toban) -> None:
    assert sorted(rows(toban)) == sorted(table("demo"))


def test_every_row_is_in_its_state(toban: Toban) -> None:
    expect(toban, table("demo"))
