"""A state is upgraded by one Toban, after a copy of it was kept, and never touched by an older one."""

import os
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess

import psycopg
import pytest
from tests.forking import Python, run
from tests.integration.chapters.backup import postgres18
from tests.integration.faces.ingest.served import DOCUMENT
from tests.integration.together import database

__all__ = ["database"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    (home / "運用設計書.md").write_text(DOCUMENT, encoding="utf-8")
    (home / "toban.toml").touch()
    return home


def environment(home: Path, state: Mapping[str, str]) -> dict[str, str]:
    own = {
        "TOBAN_HOME": str(home),
        "TOBAN_DESIGN": str(home / "運用設計書.md"),
        "TOBAN_BINDINGS": str(home / "toban.toml"),
        "TOBAN_LANGUAGE": "en",
        "PATH": f"{postgres18.programs()}:{os.environ['PATH']}",
    }
    return {**os.environ, **state, **own}


def prepare(environment: Mapping[str, str], *options: str) -> CompletedProcess[str]:
    return run(["-m", "toban", "prepare", *options], env=environment)


def pretend(state: Mapping[str, str], statement: str) -> None:
    """Change what the state says of its migrations."""
    url = state["TOBAN_STATE_URL"]
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
            file.execute(statement)
    else:
        with psycopg.connect(url, host=state["PGHOST"]) as server:
            server.execute(statement)


# The newest migration of an app on which nothing depends; to run it again changes no table.
OLDER = "DELETE FROM django_migrations WHERE app = 'monitoring' AND name LIKE '0005%'"
NEWER = "INSERT INTO django_migrations (app, name, applied) VALUES ('notify', '9999_of_later', '2026-12-01')"


def copies(home: Path) -> Sequence[Path]:
    return sorted((home / "before-upgrades").rglob("state.*"))


def test_an_older_state_is_copied_before_it_is_upgraded(home: Path, database: dict[str, str]) -> None:
    here = environment(home, database)
    pretend(here, OLDER)

    done = prepare(here)

    assert done.returncode == 0, done.stderr
    [copy] = copies(home)
    assert str(copy) in done.stdout
    assert copy.stat().st_size > 100_000
    assert copy.parent.stat().st_mode & 0o777 == 0o700
    if copy.suffix == ".sqlite3":
        with closing(sqlite3.connect(copy)) as kept:
            assert kept.execute("SELECT count(*) FROM django_migrations WHERE name LIKE '0005_alerts_w%'"
                                ).fetchone() == (0,)  # fmt: skip
    again = prepare(here)
    assert (again.returncode, list(copies(home))) == (0, [copy])


def test_copies_of_the_same_tables_push_out_no_other(home: Path, sqlite: dict[str, str]) -> None:
    here = environment(home, sqlite)
    for name in ("20260101T000000Z-7", "20260201T000000Z-8", "20260301T000000Z-9"):
        (home / "before-upgrades" / name).mkdir(parents=True)
    for _ in range(3):
        pretend(here, OLDER)
        assert prepare(here).returncode == 0

    kept = sorted(each.name.partition("-")[0] for each in (home / "before-upgrades").iterdir())
    assert kept[:2] == ["20260201T000000Z", "20260301T000000Z"]
    assert len(kept) == 3


def test_nothing_is_changed_if_no_copy_can_be_made(home: Path, sqlite: dict[str, str]) -> None:
    here = environment(home, sqlite)
    pretend(here, OLDER)
    (home / "before-upgrades").write_text("a file in the way of the folder")

    refused = prepare(here)

    assert refused.returncode == 2
    assert "could not be copied" in refused.stderr
    (home / "before-upgrades").unlink()
    assert "is copied to" in prepare(here).stdout

    pretend(here, OLDER)
    shutil.rmtree(home / "before-upgrades")
    done = prepare(here, "--no-copy")
    assert (done.returncode, copies(home)) == (0, [])


@pytest.mark.parametrize("command", ["prepare", "worker", "serve"])
def test_the_state_of_a_newer_toban_is_refused_in_words(
    home: Path, sqlite: dict[str, str], command: str
) -> None:
    (home / "secret-key").write_text("key")
    here = environment(home, sqlite)
    pretend(here, NEWER)

    refused = run(["-m", "toban", command], env=here)

    assert refused.returncode in (1, 2)
    assert "newer Toban" in refused.stderr
    assert "notify.9999_of_later" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_tables_of_a_package_that_was_removed_are_no_newer_toban(home: Path, sqlite: dict[str, str]) -> None:
    here = environment(home, sqlite)
    pretend(here, NEWER.replace("'notify'", "'removed'"))

    assert prepare(here).returncode == 0


@pytest.mark.slow
def test_two_that_start_on_one_empty_database_make_it_once(
    home: Path, tmp_path: Path, database: dict[str, str]
) -> None:
    here = environment(home, database)
    if here["TOBAN_STATE_URL"].startswith("sqlite"):
        here["TOBAN_STATE_URL"] = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    else:
        pretend(here, "DROP SCHEMA public CASCADE")
        pretend(here, "CREATE SCHEMA public")
    outputs = [(tmp_path / f"{number}.log").open("w+") for number in range(3)]

    started = [
        Python(["-m", "toban", "prepare"], env=here, stdout=output, stderr=output) for output in outputs
    ]
    statuses = [each.wait(timeout=300) for each in started]

    said = []
    for output in outputs:
        with output:
            output.seek(0)
            said.append(output.read())
    assert statuses == [0, 0, 0], said
    assert sum("One-time password" in each for each in said) == 1
    assert any("waiting for it" in each for each in said)
    assert not any("Traceback" in each for each in said)
