"""The state is moved whole from SQLite to PostgreSQL, and never left behind in silence."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest
from tests.forking import run
from tests.integration.faces.ingest.served import DOCUMENT

LEAVES = Path(__file__).with_name("landed.py")
ALL = """
import json
import django; django.setup()
from django.apps import apps
def told(value):
    return value.as_json() if hasattr(value, "as_json") else repr(value)
for model in apps.get_models(include_auto_created=True):
    for row in model._base_manager.order_by("pk").values_list():
        print(model.__name__, json.dumps(row, default=told, sort_keys=True))
"""
EMPTY = """
import django; django.setup()
from django.db import connection
connection.cursor().execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
"""
ONE_MORE = """
import django; django.setup()
from toban.engine.notify.models import Alert
alert = Alert.objects.get()
alert.pk, alert.key = None, "another"
alert.save(force_insert=True)
print(alert.pk)
"""


@pytest.fixture
def here(tmp_path: Path, sqlite: dict[str, str]) -> dict[str, str]:
    """A home with a state in a file."""
    (tmp_path / "運用設計書.md").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "toban.toml").touch()
    own = {
        "TOBAN_DESIGN": str(tmp_path / "運用設計書.md"),
        "TOBAN_BINDINGS": str(tmp_path / "toban.toml"),
        "TOBAN_LANGUAGE": "en",
    }
    environment = {**sqlite, **own}
    run(["-m", "toban", "prepare"], env=environment, check=True)
    run([LEAVES], env=environment, check=True)
    return environment


@pytest.fixture
def empty(here: Mapping[str, str], postgres: Mapping[str, str]) -> dict[str, str]:
    """The same home with an empty PostgreSQL."""
    there = {**here, "PGHOST": postgres["PGHOST"], "TOBAN_STATE_URL": postgres["TOBAN_STATE_URL"]}
    run(["-c", EMPTY], env=there, check=True)
    return there


def move(here: Mapping[str, str], there: Mapping[str, str]) -> tuple[int, str]:
    done = run(
        ["-m", "toban", "state", "move", there["TOBAN_STATE_URL"]], env={**here, "PGHOST": there["PGHOST"]}
    )
    return done.returncode, done.stdout + done.stderr


def rows(environment: Mapping[str, str]) -> list[str]:
    return sorted(run(["-c", ALL], env=environment, check=True).stdout.splitlines())


def test_everything_is_moved_to_the_microsecond(
    here: dict[str, str], empty: dict[str, str], tmp_path: Path
) -> None:
    before = rows(here)
    file = sha256((tmp_path / "state.sqlite3").read_bytes()).digest()

    status, said = move(here, empty)

    assert status == 0, said
    assert rows(empty) == rows(here) == before
    assert any("123456" in row for row in before)
    assert sha256((tmp_path / "state.sqlite3").read_bytes()).digest() == file
    verified = run(["-m", "toban", "evidence", "verify"], env=empty)
    assert (verified.returncode, "evidence is intact" in verified.stdout) == (0, True)
    # New rows are numbered after those that came with their numbers.
    assert int(run(["-c", ONE_MORE], env=empty, check=True).stdout) == 2
    again = run(["-m", "toban", "prepare"], env=empty)
    assert (again.returncode, "One-time password" in again.stdout) == (0, False)


def test_a_database_with_rows_is_not_moved_to(here: dict[str, str], empty: dict[str, str]) -> None:
    assert move(here, empty)[0] == 0
    before = rows(empty)

    status, said = move(here, empty)

    assert (status, "is not empty" in said) == (1, True)
    assert rows(empty) == before


@pytest.mark.parametrize("url", ["sqlite:////elsewhere.sqlite3", "mysql://db/toban"])
def test_only_postgresql_is_moved_to(here: dict[str, str], url: str) -> None:
    done = run(["-m", "toban", "state", "move", url], env=here)

    assert (done.returncode, "can only be moved to" in done.stderr) == (1, True)


def test_an_empty_postgresql_beside_a_full_home_is_asked_about(empty: dict[str, str]) -> None:
    refused = run(["-m", "toban", "prepare"], env=empty)
    anew = run(["-m", "toban", "prepare", "--new-state"], env=empty)

    assert refused.returncode == 2
    assert "toban state move URL" in refused.stderr
    assert (anew.returncode, "One-time password" in anew.stdout) == (0, True), anew.stderr
    assert run(["-m", "toban", "prepare"], env=empty).returncode == 0
