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
from toban.message import NOTHING, Message, lines, plain

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
        moments = {"moment": taken.restorable_to.isoformat(), "wanted": order.to.isoformat()}
        what = Message("backup-engines.dump-has-no-log", **moments)
        raise BackupFailed(what, hint=Message("backup-engines.restore-without-moment"), retry=False)
    if not order.server:
        raise BackupFailed(Message("backup-engines.target-database-not-named"), retry=False)
    return taken


def _refuse(taken: TakenBackup, target: TargetDatabase, client: str) -> None:
    if target.objects:
        what = Message("backup-engines.target-database-not-empty", count=target.objects)
        raise BackupFailed(what, hint=Message("backup-engines.create-database"), retry=False)
    if major(target.version) < major(taken.server_version):
        versions = {"target": target.version, "source": taken.server_version}
        raise BackupFailed(Message("backup-engines.target-server-too-old", **versions), retry=False)
    if major(client) < major(taken.engine_version):
        versions = {"client": client, "dumped": taken.engine_version}
        raise BackupFailed(Message("backup-engines.pg-restore-too-old", **versions), retry=False)


@contextmanager
def _workplace(into: Path, taken: TakenBackup) -> Iterator[Path]:
    """Yield a path for the archive in *into*, and remove everything that was put there afterwards."""
    try:
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BackupFailed(
            Message("backup-engines.trouble-of", place=into, trouble=error.strerror)
        ) from error
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
        what = Message("backup-engines.roles-missing", roles=missing)
        raise BackupFailed(what, hint=Message("backup-engines.create-roles"), retry=False)
    if missing:
        watch.say(Message("backup-engines.owners-left-out", roles=missing))
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
    watch.progress(None, plain("pg_restore" if taken.facts["format"] != "plain" else "psql"))
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
    others = [_other(".".join(table), found[table], rows) for table, rows in wanted.items()]
    if any(others):
        raise BackupFailed(lines(Message("backup-engines.rows-differ"), *others), retry=False)


def _other(table: str, found: int | None, recorded: int) -> Message:
    if found is None:
        return Message("backup-engines.table-missing", table=table, recorded=recorded)
    return (
        Message("backup-engines.rows-of", table=table, found=found, recorded=recorded)
        if found != recorded
        else NOTHING
    )


@contextmanager
def _timed(phases: dict[str, float], name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    phases[name] = round(time.monotonic() - began, 3)
