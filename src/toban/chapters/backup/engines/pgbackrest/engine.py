"""The engine: pgBackRest makes, keeps, checks and restores; Toban decides when, and what is removed."""

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from toban.chapters.backup.engine import (
    ActWatch,
    BackupCheck,
    BackupFailed,
    Method,
    NeedsFull,
    RestoredBackup,
    RestoreOrder,
    TakenBackup,
)
from toban.chapters.backup.engines.disk import refuse_full_disk
from toban.chapters.backup.engines.pgbackrest import commands
from toban.chapters.backup.engines.pgbackrest.archived import how_far, look
from toban.chapters.backup.engines.pgbackrest.commands import PgBackRest
from toban.chapters.backup.engines.pgbackrest.config import METHODS, PgBackRestBackup
from toban.chapters.backup.engines.pgbackrest.info import (
    RepositoryBackup,
    Stanza,
    UnreadableInfo,
    read_info,
    read_progress,
    read_troubles,
)
from toban.chapters.backup.engines.program import QUIET, EngineProgram, ProgramFailed, output, pieces, run
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.stores.store import Store, StoredObject

_LOCKED = 50
"""pgBackRest's exit status when another process holds the lock (src/build/error/error.yaml: lock-acquire)."""

_ANOTHER = "is another pgBackRest"
_LAST_FULL = "cannot be expired until another full backup"
_LOOK = timedelta(seconds=2)
_OLDEST = (2, 41)
"""The first version with annotations: https://pgbackrest.org/release.html"""


class PgBackRestEngine:
    """One stanza. pgBackRest itself manages the repository, encryption, compression and the log."""

    NAME = "pgbackrest"

    def __init__(self, subject: str, config: PgBackRestBackup, store: Store | None) -> None:  # noqa: ARG002
        self._config = config
        self._commands = PgBackRest(config.stanza, config.command, config.config, config.repo)

    @property
    def methods(self) -> frozenset[Method]:
        """All."""
        return METHODS

    def take(self, label: str, method: Method, parent: TakenBackup | None, watch: ActWatch) -> TakenBackup:
        """See `BackupEngine`. A backup that an earlier attempt finished under *label* is used as it is."""
        stanza = self._stanza(watch)
        copy = stanza.made_for(label)
        if copy is None:
            if method is Method.INCREMENTAL:
                _refuse_other_parent(stanza, parent)
            kind = "full" if method is Method.FULL else self._config.increments
            self._when_unlocked(self._commands.backup(kind, label), watch)
            stanza = self._stanza(watch)
            copy = stanza.made_for(label)
        if copy is None:
            raise BackupFailed(f"pgBackRest は終わりましたが、{label} がリポジトリにありません")
        return self._taken(label, copy, stanza)

    def verify(self, taken: TakenBackup, watch: ActWatch) -> BackupCheck:
        """See `BackupEngine`: pgBackRest reads the backup, everything it is based on, and the log."""
        name = _name(taken)
        copy = self._stanza(watch).named(name)
        if copy is None:
            return BackupCheck(is_whole=False, troubles=[f"{name}: リポジトリにありません"])
        try:
            said = output(self._commands.verify(name), watch).decode("utf-8", "replace")
            troubles = list(read_troubles(said))
        except UnreadableInfo as error:
            raise BackupFailed(f"pgbackrest verify の答えを読めません: {error}") from error
        if copy.has_bad_pages:
            troubles.append(f"{name}: 写したときに、壊れたページか読めないファイルがありました")
        return BackupCheck(is_whole=not troubles, troubles=troubles)

    def restore(self, order: RestoreOrder, watch: ActWatch) -> RestoredBackup:
        """See `BackupEngine`: pgBackRest compares every file with its checksum as it writes it."""
        taken, began = order.chain[-1], time.monotonic()
        copy = self._stanza(watch).named(_name(taken))
        if copy is None:
            raise BackupFailed(f"{_name(taken)} がリポジトリにありません", retry=False)
        into = order.into.absolute()
        goes_on = _prepare(into, copy)
        self._followed(self._commands.restore(copy.label, into, _target(order), goes_on=goes_on), watch)
        watch.say("戻したサーバーはログを保管しません (archive_mode = off)。本番にするときは直してください")
        return RestoredBackup(into, {"restore": round(time.monotonic() - began, 3)})

    def remove(self, taken: TakenBackup) -> None:
        """See `BackupEngine`. pgBackRest refuses to remove the last full backup of a repository."""
        stanza = self._stanza(QUIET)
        copy = stanza.named(_name(taken))
        if copy is None:
            return
        fulls = [each for each in stanza.fulls if each != copy]
        try:
            self._when_unlocked(self._commands.remove(copy.label, fulls_left=max(len(fulls), 1)), QUIET)
        except ProgramFailed as error:
            if _LAST_FULL in str(error):
                message = f"{copy.label} はリポジトリにある最後のフルバックアップなので、消せません"
                raise BackupFailed(message) from error
            raise

    def doubts(self) -> Sequence[str]:
        """See `BackupEngine`. A log segment is sent through, which takes seconds."""
        try:
            said = output(self._commands.version(), QUIET).decode("utf-8", "replace")
            found = re.search(r"(\d+)\.(\d+)", said)
            if found is None or (int(found[1]), int(found[2])) < _OLDEST:
                return (f"pgBackRest {_OLDEST[0]}.{_OLDEST[1]} 以降が要ります: {said.strip()}",)
            self._stanza(QUIET)
            run(self._commands.check(), QUIET)
            self.newest_moment()
        except BackupFailed as error:
            return (str(error),)
        return ()

    def newest_moment(self) -> datetime | None:
        """See `KeepsLog`. None if there is no `dsn`, and while the server can't tell."""
        if self._config.dsn is None:
            return None
        try:
            return how_far(look(self._config.dsn.reveal()))
        except SecretUnavailable as error:
            raise BackupFailed(str(error), retry=False) from error

    def close(self) -> None:
        """There is nothing to close."""

    def _stanza(self, watch: ActWatch) -> Stanza:
        """Read the state of the repository, or raise `BackupFailed` if no backups can be made to it."""
        try:
            stanza = read_info(output(self._commands.info(), watch), self._config.stanza)
        except UnreadableInfo as error:
            raise BackupFailed(f"pgbackrest info の答えを読めません: {error}") from error
        if not stanza.is_usable:
            name = self._config.stanza
            raise BackupFailed(
                f"スタンザ「{name}」を使えません: {stanza.message}\n"
                f"HINT: リポジトリに届くか確かめ、新しいものなら pgbackrest --stanza={name} stanza-create"
            )
        return stanza

    def _when_unlocked(self, program: EngineProgram, watch: ActWatch) -> None:
        """Run *program*; while another process holds the lock, wait and say so."""
        deadline = time.monotonic() + self._config.lock_wait.total_seconds()
        while True:
            try:
                self._followed(program, watch)
            except ProgramFailed as error:
                # The same status also means an unwritable lock file: then there is nothing to wait for.
                if error.status != _LOCKED or _ANOTHER not in str(error):
                    raise
                # After a kill, pgBackRest's orphaned workers hold the lock for a few more seconds.
                if time.monotonic() >= deadline:
                    raise BackupFailed(f"ほかの pgBackRest が動いたままです: {error}") from error
                watch.say("ほかの pgBackRest がロックを持っているので、空くのを待っています")
                _pause(_LOOK, watch)
            else:
                return

    def _followed(self, program: EngineProgram, watch: ActWatch) -> None:
        """Run *program* and report its progress."""
        with closing(pieces(program, watch)) as content:
            for line in _lines(content):
                percent = read_progress(line)
                if percent is not None:
                    watch.progress(percent)

    def _taken(self, label: str, copy: RepositoryBackup, stanza: Stanza) -> TakenBackup:
        root = stanza.root(copy)
        return TakenBackup(
            label=label,
            method=Method.FULL if copy.kind == "full" else Method.INCREMENTAL,
            engine=self.NAME,
            engine_version=copy.version,
            server_version=copy.server_version,
            system_id=copy.system_id,
            parent="" if root == copy else root.toban or root.label,
            started_at=copy.started_at,
            ended_at=copy.ended_at,
            start=copy.start,
            end=copy.end,
            restorable_to=copy.ended_at,
            objects=(StoredObject(f"{self._config.stanza}/{copy.label}", copy.repo_bytes, sha256=""),),
            source_bytes=copy.source_bytes,
            facts={"pgbackrest": copy.label, "repo": self._config.repo},
        )


def _refuse_other_parent(stanza: Stanza, parent: TakenBackup | None) -> None:
    """Raise `NeedsFull` unless pgBackRest would base the next increment on *parent*: it uses the newest."""
    if parent is None or not stanza.fulls:
        raise NeedsFull("増分の元になるフルバックアップがありません")
    newest = stanza.fulls[-1]
    if newest.label != _name(parent):
        raise NeedsFull(
            f"リポジトリの最新のフルバックアップ {newest.label} は、カタログの {_name(parent)} と違います"
        )


def _name(taken: TakenBackup) -> str:
    return str(taken.facts["pgbackrest"])


def _target(order: RestoreOrder) -> Mapping[str, str]:
    if not order.follows_log:
        return commands.to_its_own_end()
    if order.to_lsn:
        return commands.to_position(order.to_lsn)
    if order.to is not None:
        return commands.to_moment(order.to)
    return commands.to_the_end()


def _prepare(into: Path, copy: RepositoryBackup) -> bool:
    """Make the folder, and return whether an earlier attempt left files to continue from."""
    try:
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        # pgBackRest keeps this file until a restore is complete, and trusts no other folder with files in it.
        goes_on = (into / "backup.manifest").exists()
        if any(into.iterdir()) and not goes_on:
            raise BackupFailed(
                f"{into} は空ではありません\nHINT: 新しいフォルダーを指してください", retry=False
            )
    except OSError as error:
        raise BackupFailed(f"{into}: {error.strerror}", retry=False) from error
    if not goes_on:
        refuse_full_disk(into, copy.source_bytes)
    return goes_on


def _lines(content: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for piece in content:
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in whole)


def _pause(length: timedelta, watch: ActWatch) -> None:
    until = time.monotonic() + length.total_seconds()
    while time.monotonic() < until:
        reason = watch.why_stop()
        if reason is not None:
            raise BackupFailed(f"途中で止めました: {reason}")
        time.sleep(0.1)
