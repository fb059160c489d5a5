"""Toban's own state, backed up while it is written, and restored after it is lost."""

import fcntl
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.forking import run

from toban.chapters.backup import own_state
from toban.chapters.backup.own_state import OwnStateNotPossible, OwnToban
from toban.engine.orders import NotPossible
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore
from toban.engine.stores.store import StoreTrouble
from toban.message import NOTHING, Message

NOON = datetime(2026, 11, 25, 3, tzinfo=UTC)


class Quiet:
    """A `Watch` that ignores everything."""

    def say(self, text: Message) -> None:
        """Ignore the line."""

    def progress(self, percent: float | None, text: Message = NOTHING) -> None:
        """Ignore the progress."""

    def why_stop(self) -> object | None:
        return None


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    (tmp_path / "store").mkdir()
    return DirectoryStore(DirectoryConfig(path=tmp_path / "store"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    for name, content in {
        "secret-key": "the key",
        "in-force/design.md": "# 運用設計書",
        "in-force/toban.toml": "[system]",
        "log/worker.log": "much text",
        "lock": "1",
        "telemetry/store/data.bin": "samples",
        "telemetry/lock": "",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    (folder / "secret-key").chmod(0o600)
    with closing(sqlite3.connect(folder / "state.sqlite3", isolation_level=None)) as state:
        state.execute("PRAGMA journal_mode=WAL")
        state.execute("CREATE TABLE t (n)")
        state.execute("INSERT INTO t VALUES (1)")
    return folder


def numbers(folder: Path) -> list[int]:
    with closing(sqlite3.connect(folder / "state.sqlite3")) as state:
        return [number for (number,) in state.execute("SELECT n FROM t")]


def here(home: Path, *, telemetry: bool = False) -> OwnToban:
    state = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(home / "state.sqlite3")}
    return OwnToban(home=home, state=state, version="0.1.0", evidence="1:ab", has_telemetry=telemetry)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_everything_a_new_machine_needs_is_restored(
    home: Path, store: DirectoryStore, tmp_path: Path
) -> None:
    own = own_state.back_up(here(home), store, NOON, Quiet())

    own_state.bring_back(own, store, tmp_path / "new", Quiet())

    assert own_state.listed(store) == [own]
    assert files(tmp_path / "new") == [
        "in-force/design.md",
        "in-force/toban.toml",
        "secret-key",
        "state.sqlite3",
    ]
    assert (tmp_path / "new" / "secret-key").stat().st_mode & 0o777 == 0o600
    assert numbers(tmp_path / "new") == [1]
    assert not [path for path in home.iterdir() if path.name.startswith("own-backup")]


def test_files_that_are_not_tobans_state_are_left_out(home: Path, tmp_path: Path) -> None:
    for name in ("webshop/db/base", "kept/PostgreSQL/base.tar"):
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text("much")
    store = DirectoryStore(DirectoryConfig(path=home / "kept"))

    own = own_state.back_up(replace(here(home), stores=[home / "kept"]), store, NOON, Quiet())

    own_state.bring_back(own, store, tmp_path / "new", Quiet())
    assert not [file for file in files(tmp_path / "new") if file.startswith(("webshop", "kept"))]


def test_the_backup_does_not_wait_for_an_open_transaction(
    home: Path, store: DirectoryStore, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(home / "state.sqlite3", isolation_level=None)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        busy.execute("INSERT INTO t VALUES (2)")

        own = own_state.back_up(here(home), store, NOON, Quiet())
        busy.execute("ROLLBACK")

    own_state.bring_back(own, store, tmp_path / "new", Quiet())
    assert numbers(tmp_path / "new") == [1]


def test_measurements_are_included_while_their_store_is_stopped(
    home: Path, store: DirectoryStore, tmp_path: Path
) -> None:
    own = own_state.back_up(here(home, telemetry=True), store, NOON, Quiet())

    own_state.bring_back(own, store, tmp_path / "new", Quiet())

    assert "telemetry/store/data.bin" in files(tmp_path / "new")
    assert own.has_telemetry


def test_measurements_are_left_out_while_their_store_runs(home: Path, store: DirectoryStore) -> None:
    with (home / "telemetry" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(OwnStateNotPossible) as refused:
            own_state.back_up(here(home, telemetry=True), store, NOON, Quiet())

    assert "toban processes --stop store" in str(refused.value.hint)
    assert list(store.listing("")) == []


def test_a_damaged_archive_leaves_no_folder_behind(home: Path, store: DirectoryStore, tmp_path: Path) -> None:
    own = own_state.back_up(here(home), store, NOON, Quiet())
    archive = tmp_path / "store" / own.archive.key
    content = bytearray(archive.read_bytes())
    content[-1] ^= 1
    archive.write_bytes(content)

    with pytest.raises(Exception):  # noqa: B017, PT011 - the checksum, or zstd before it
        own_state.bring_back(own, store, tmp_path / "new", Quiet())

    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "new.partial").exists()


def test_trailing_damage_is_found_by_the_checksum(home: Path, store: DirectoryStore, tmp_path: Path) -> None:
    own = own_state.back_up(here(home), store, NOON, Quiet())
    with (tmp_path / "store" / own.archive.key).open("ab") as archive:
        archive.write(b"more")

    with pytest.raises(StoreTrouble, match="SHA-256"):
        own_state.bring_back(own, store, tmp_path / "new", Quiet())

    assert not (tmp_path / "new").exists()


def test_nothing_existing_is_overwritten_by_a_restore(home: Path, store: DirectoryStore) -> None:
    own = own_state.back_up(here(home), store, NOON, Quiet())

    with pytest.raises(OwnStateNotPossible, match="空ではありません"):
        own_state.bring_back(own, store, home, Quiet())

    assert (home / "lock").exists()


def test_old_backups_of_the_state_are_removed_and_the_newest_stays(home: Path, store: DirectoryStore) -> None:
    for day in range(3):
        own_state.back_up(here(home), store, NOON + timedelta(days=day), Quiet())

    gone = own_state.forget(store, 2, NOON)

    assert gone == ["20261125T030000Z"]
    assert [own.label for own in own_state.listed(store)] == ["20261126T030000Z", "20261127T030000Z"]
    assert own_state.forget(store, 0, NOON) == ["20261126T030000Z"]
    assert len(list(store.listing("toban-self/"))) == 2


def test_an_unfinished_backup_of_the_state_is_removed_after_a_day(home: Path, store: DirectoryStore) -> None:
    own = own_state.back_up(here(home), store, NOON, Quiet())
    store.put("toban-self/20261124T030000Z/toban.tar.zst", b"half")
    now = datetime.now(UTC)

    own_state.forget(store, 30, now + own_state.LEFT_BEHIND - timedelta(minutes=5))
    young = len(list(store.listing("toban-self/")))
    own_state.forget(store, 30, now + own_state.LEFT_BEHIND + timedelta(minutes=5))

    assert young == 3
    assert sorted(each.key.split("/")[1] for each in store.listing("toban-self/")) == [own.label] * 2


def test_a_backup_of_the_state_is_found_by_its_label(home: Path, store: DirectoryStore) -> None:
    first = own_state.back_up(here(home), store, NOON, Quiet())
    newest = own_state.back_up(here(home), store, NOON + timedelta(days=1), Quiet())
    found = own_state.listed(store)

    assert own_state.named(found, "") == newest
    assert own_state.named(found, first.label) == first
    with pytest.raises(OwnStateNotPossible, match="20261201"):
        own_state.named(found, "20261201T000000Z")


def test_an_unreadable_description_is_reported(store: DirectoryStore) -> None:
    store.put("toban-self/x/backup.json", b"[]")

    with pytest.raises(StoreTrouble, match="記述を読めません"):
        own_state.listed(store)


DOCUMENT = (
    "# 運用設計書\n\n## 1. 運用方針\n\n### 運用目標\n| 項目 | 目標値 |\n|---|---|\n| 稼働率 | 99.9% |\n"
)


class Machine:
    """Runs `toban` like an operator."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        (folder / "store").mkdir()
        self.home.mkdir(mode=0o700)
        (folder / "運用設計書.md").write_text(DOCUMENT)

    def toban(self, *arguments: str, home: Path | None = None, status: int = 0) -> str:
        environment = {
            **os.environ,
            "TOBAN_HOME": str(home or self.home),
            "TOBAN_DESIGN": str(self.folder / "運用設計書.md"),
            "TOBAN_BINDINGS": str(self.folder / "toban.toml"),
        }
        done = run(["-m", "toban", *arguments], env=environment)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout if not status else done.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_home_restored_from_an_encrypted_backup_has_valid_evidence(
    machine: Machine, tmp_path: Path
) -> None:
    sealed = machine.toban("backup", "keygen", str(tmp_path / "key.txt"))
    bindings = f'[stores."倉庫"]\nkind = "directory"\npath = "store"\n{sealed}'
    (tmp_path / "toban.toml").write_text(bindings)
    machine.toban("prepare")
    before = machine.toban("evidence", "verify")

    told = machine.toban("backup", "self")
    listed = machine.toban("backup", "self", "--list")
    steps = machine.toban("backup", "self", "--restore", str(tmp_path / "new"))

    assert told.split()[0] == listed.split()[0]
    stored = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert stored
    assert all(path.read_bytes().startswith(b"age-encryption.org/v1") for path in stored)
    after = machine.toban("evidence", "verify", home=tmp_path / "new")
    assert after == before
    assert machine.toban("evidence", "verify") != before
    assert f"TOBAN_HOME={tmp_path / 'new'}" in steps
    assert machine.toban("status", "--all", home=tmp_path / "new")


def test_keys_are_not_put_into_an_unencrypted_store(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "toban.toml").write_text('[stores."倉庫"]\nkind = "directory"\npath = "store"\n')

    refused = machine.toban("backup", "self", status=1)

    assert "--unencrypted" in refused
    assert not list((tmp_path / "store").iterdir())


def test_a_key_file_is_private_and_never_overwritten(machine: Machine, tmp_path: Path) -> None:
    machine.toban("backup", "keygen", str(tmp_path / "key.txt"))
    before = (tmp_path / "key.txt").read_text()

    machine.toban("backup", "keygen", str(tmp_path / "key.txt"), status=1)

    assert (tmp_path / "key.txt").read_text() == before
    assert (tmp_path / "key.txt").stat().st_mode & 0o777 == 0o600


def test_a_pg_dump_older_than_the_server_is_named_as_the_cause(
    home: Path, store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The words are those of pg_dump 17 about a server of version 18.
    said = "pg_dump: error: aborting because of server version mismatch"
    detail = "pg_dump: detail: server version: 18.1; pg_dump version: 17.12"
    program = tmp_path / "bin" / "pg_dump"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{said}' >&2\necho '{detail}' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    place = {"NAME": "toban", "USER": "toban", "HOST": "db", "PORT": "5432", "PASSWORD": "s3cr3t"}
    state = {"ENGINE": "django.db.backends.postgresql", "OPTIONS": {}, **place}

    with pytest.raises(NotPossible) as failed:
        own_state.back_up(replace(here(home), state=state), store, NOON, Quiet())

    assert failed.value.hint.code == "stores.install-a-newer-client"
    assert "pg_dump version: 17.12" in str(failed.value)
