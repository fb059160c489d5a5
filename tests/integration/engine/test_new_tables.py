"""The tables of a new state database are made at once, and are those that the migrations make."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.forking import run
from tests.integration.together import database

__all__ = ["database"]

SHAPE = """
import json, re
import django; django.setup()
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
about = connection.introspection
# PostgreSQL 18 names "not null" after what a column was called first; the columns say it, too.
DEFINITIONS = {
    "sqlite": "SELECT tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL",
    "postgresql": "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    " UNION ALL SELECT conrelid::regclass::text, conname || ' ' || pg_get_constraintdef(oid)"
    " FROM pg_constraint WHERE contype <> 'n' AND connamespace = 'public'::regnamespace",
}
with connection.cursor() as cursor:
    found = {table: {} for table in about.table_names(cursor)}
    for table, shape in found.items():
        columns = about.get_table_description(cursor, table)
        shape["columns"] = sorted(repr(tuple(column)) for column in columns)
        constraints = about.get_constraints(cursor, table).items()
        shape["constraints"] = sorted(
            ("" if name.startswith("fk_") else name, repr(sorted(each.items()))) for name, each in constraints
        )
        shape["sequences"] = repr(about.get_sequences(cursor, table))
        cursor.execute(f'SELECT count(*) FROM "{table}"')
        shape["rows"] = cursor.fetchone()[0]
        shape["definitions"] = []
    cursor.execute(DEFINITIONS[connection.vendor])
    for table, text in cursor.fetchall():
        # The columns of a table stand in the order of their migrations; each is compared alone.
        inner = text.partition("(")[2][:-1] if text.startswith("CREATE TABLE") else text
        parts = re.split(r', (?=["A-Z])', inner)
        if table in found:
            found[table]["definitions"].append(sorted(parts))
    for shape in found.values():
        shape["definitions"].sort()
print(json.dumps([found, sorted(MigrationRecorder(connection).applied_migrations())]))
"""
MAKE = """
import django; django.setup()
from toban.engine.state import tables
tables.make()
tables.make()
"""
UNDO = """
import django; django.setup()
from django.db import DatabaseError, connection
from toban.engine.state import tables
connection.cursor().execute('CREATE TABLE runs_run (id integer PRIMARY KEY)')
try:
    tables.make()
except DatabaseError:
    print(connection.introspection.table_names())
"""


def new(state: Mapping[str, str], tmp_path: Path) -> dict[str, str]:
    """Return the environment with an empty state database of the same kind."""
    if state["TOBAN_STATE_URL"].startswith("sqlite"):
        return {**state, "TOBAN_STATE_URL": f"sqlite:///{tmp_path / 'new.sqlite3'}"}
    create = "from django.db import connection as c; c.cursor().execute('CREATE DATABASE new')"
    run(["-c", f"import django; django.setup(); {create}"], env=state, check=True)
    return {**state, "TOBAN_STATE_URL": "postgresql://postgres@/new"}


def shape(state: Mapping[str, str]) -> Any:
    return json.loads(run(["-c", SHAPE], env=state, check=True).stdout)


def test_they_are_those_of_the_migrations(database: dict[str, str], tmp_path: Path) -> None:
    made = new(database, tmp_path)
    run(["-c", MAKE], env=made, check=True)
    names = shape(made)[1]
    run(["-m", "django", "migrate", "--verbosity=0"], env=made, check=True)

    (tables, after), (migrated, migrations) = shape(made), shape(database)

    # The demo's own extension stands for all others: what they bring is left to their migrations.
    assert [each for each in migrations if each not in names] == [["invoices", "0001_initial"]]
    assert len(names) > 150
    assert after == migrations
    assert {name: each for name, each in tables.items() if each != migrated.get(name)} == {}
    assert tables.keys() == migrated.keys()
    assert [name for name, each in migrated.items() if each["rows"]] == ["django_migrations"]


def test_all_of_them_are_made_or_none(database: dict[str, str], tmp_path: Path) -> None:
    said = run(["-c", UNDO], env=new(database, tmp_path), check=True)

    assert said.stdout == "['runs_run']\n"
