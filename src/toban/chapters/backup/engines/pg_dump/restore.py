"""Restores a dump into an empty database: every input verified first, the rows counted afterwards."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toban.chapters.backup.engine import ActWatch, BackupFailed, RestoredBackup, RestoreOrder, TakenBackup
from toban.chapters.backup.engines.disk import refuse_full_disk
from toban.chapters.backup.engines.pg_dump import stored
from toban.chapters.backup.engines.pg_dump.commands import ClientPrograms, DatabaseAddress
from toban.chapters.backup.engines.pg_dump.source import (
    Table,
    TargetDatabase,
    analyze,
    count,
    look_at_target,
    major,
)
from toban.chapters.backup.engines.program import feed, run
from toban.engine.stores.store import Store

_PIECE = 1 << 20


def restore(
    store: Store, programs: ClientPrograms, order: RestoreOrder, watch: ActWatch, *, client: str, jobs: int
) -> RestoredBackup:
    """Restore the dump of *order*, or raise `BackupFailed`; the target is checked first.

    A restore that fails half-way leaves its half in the target, which is refused until it is recreated.
    """
    taken = _only(order)
    server = DatabaseAddress.of(order.server)
    target = look_at_target(server)
    _refuse(taken, target, client)
    phases: dict[str, float] = {}
    keeps_owners = _says_owners(taken, target, watch)
    with _workplace(order.into, taken) as archive:
        with _timed(phases, "fetch"):
            _fetch(store, taken, archive, watch)
        with _timed(phases, "restore"):
            _load(programs, server, taken, archive, watch, jobs=jobs, keeps_owners=keeps_owners)
    with _timed(phases, "analyze"):
        analyze(server)
    with _timed(phases, "check"):
        _compare(server, taken)
    return RestoredBackup(None, phases)


def _only(order: RestoreOrder) -> TakenBackup:
    taken = order.chain[-1]
    if order.to is not None and order.to != taken.restorable_to:
        raise BackupFailed(
            f"pg_dump の写しは {taken.restorable_to.isoformat()} の状態にだけ戻せます"
            f" ({order.to.isoformat()} までのログはありません)\n"
            "HINT: 時刻を指定せずに戻すか、native か pgbackrest を使ってください",
            retry=False,
        )
    if not order.server:
        raise BackupFailed("戻し先の空のデータベースが指定されていません", retry=False)
    return taken


def _refuse(taken: TakenBackup, target: TargetDatabase, client: str) -> None:
    if target.objects:
        raise BackupFailed(
            f"戻し先のデータベースは空ではありません (テーブルなど {target.objects} 個)\n"
            "HINT: createdb で新しいデータベースを作り、それを指定してください",
            retry=False,
        )
    if major(target.version) < major(taken.server_version):
        raise BackupFailed(
            f"戻し先のサーバー {target.version} は、元の {taken.server_version} より古い版です", retry=False
        )
    if major(client) < major(taken.engine_version):
        raise BackupFailed(
            f"pg_restore {client} は、pg_dump {taken.engine_version} の写しを読めません", retry=False
        )


@contextmanager
def _workplace(into: Path, taken: TakenBackup) -> Iterator[Path]:
    """Yield a path for the archive in *into*, and remove everything that was put there afterwards."""
    try:
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BackupFailed(f"{into}: {error.strerror}") from error
    archive = into / taken.objects[0].key.rpartition("/")[2]
    # A tar archive needs room in addition to its extracted files.
    copies = 2 if taken.facts["format"] == "directory" else 1
    refuse_full_disk(into, copies * sum(each.size for each in taken.objects))
    stored.discard(archive)
    try:
        yield archive
    finally:
        stored.discard(archive)


def _fetch(store: Store, taken: TakenBackup, archive: Path, watch: ActWatch) -> None:
    stored.fetch(store, taken.objects[0], archive, watch)
    if taken.facts["format"] == "directory":
        stored.unpack(archive)


def _says_owners(taken: TakenBackup, target: TargetDatabase, watch: ActWatch) -> bool:
    roles: Any = taken.facts["roles"]
    missing = sorted(set(roles) - target.roles)
    if missing and taken.facts["format"] == "plain":
        raise BackupFailed(
            f"戻し先に役割がありません: {'、'.join(missing)}\n"
            "HINT: CREATE ROLE で作ってから戻してください (plain のほかの形式なら、なくても戻せます)",
            retry=False,
        )
    if missing:
        watch.say(f"戻し先にない役割があるので、所有者と権限は戻しません: {'、'.join(missing)}")
    return not missing


def _load(
    programs: ClientPrograms,
    server: DatabaseAddress,
    taken: TakenBackup,
    archive: Path,
    watch: ActWatch,
    *,
    jobs: int,
    keeps_owners: bool,
) -> None:
    watch.progress(None, "pg_restore" if taken.facts["format"] != "plain" else "psql")
    if taken.facts["format"] == "plain":
        with archive.open("rb") as file:
            compressed = iter(lambda: file.read(_PIECE), b"")
            feed(programs.psql(server), stored.plain_sql(compressed, str(taken.facts["compression"])), watch)
    else:
        place = stored.unpacked(archive) if taken.facts["format"] == "directory" else archive
        run(programs.restore(server, place, jobs=jobs, keeps_owners=keeps_owners), watch)


def _compare(server: DatabaseAddress, taken: TakenBackup) -> None:
    recorded: Any = taken.facts["rows"]
    wanted: Mapping[Table, int] = {(each["schema"], each["table"]): each["rows"] for each in recorded}
    found = count(server, wanted)
    others = [
        f"{'.'.join(table)}: {found[table]} 行 (写したときは {rows} 行)"
        for table, rows in wanted.items()
        if found[table] != rows
    ]
    if others:
        raise BackupFailed("行数が合いません\n" + "\n".join(others), retry=False)


@contextmanager
def _timed(phases: dict[str, float], name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    phases[name] = round(time.monotonic() - began, 3)
