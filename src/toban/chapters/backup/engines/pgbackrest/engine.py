"""The engine: pgBackRest makes, keeps, checks and restores; Toban decides when, and what is removed."""

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
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
from toban.chapters.backup.engines.pgbackrest.retention import own_keeping
from toban.chapters.backup.engines.program import QUIET, EngineProgram, ProgramFailed, output, pieces, run
from toban.design.values.backup_method import BackupMethod
from toban.design.values.duration import Generations, Retention
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.stores.store import Store, StoredObject
from toban.engine.trial import Doubt
from toban.message import Message, message_of, plain

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

    def own_keeping(self, method: BackupMethod) -> Sequence[Retention | Generations]:
        """See `KeepsByItself`: by pgBackRest's own configuration."""
        return own_keeping(self._config, method)

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
            raise BackupFailed(Message("backup-engines.not-in-repository", backup=label))
        return self._taken(label, copy, stanza)

    def verify(self, taken: TakenBackup, watch: ActWatch) -> BackupCheck:
        """See `BackupEngine`: pgBackRest reads the backup, everything it is based on, and the log."""
        name = _name(taken)
        copy = self._stanza(watch).named(name)
        if copy is None:
            return BackupCheck(
                is_whole=False, troubles=[Message("backup-engines.not-in-repository", backup=name)]
            )
        try:
            said = output(self._commands.verify(name), watch).decode("utf-8", "replace")
            troubles = list(map(plain, read_troubles(said)))
        except UnreadableInfo as error:
            raise _unreadable("pgbackrest verify", error) from error
        if copy.has_bad_pages:
            troubles.append(Message("backup-engines.copied-bad-pages", backup=name))
        return BackupCheck(is_whole=not troubles, troubles=troubles)

    def restore(self, order: RestoreOrder, watch: ActWatch) -> RestoredBackup:
        """See `BackupEngine`: pgBackRest compares every file with its checksum as it writes it."""
        taken, began = order.chain[-1], time.monotonic()
        copy = self._stanza(watch).named(_name(taken))
        if copy is None:
            raise BackupFailed(Message("backup-engines.not-in-repository", backup=_name(taken)), retry=False)
        into = order.into.absolute()
        goes_on = _prepare(into, copy, order.owner)
        self._followed(self._commands.restore(copy.label, into, _target(order), goes_on=goes_on), watch)
        with suppress(OSError):
            # Only a cluster with tablespaces has something in it.
            commands.tablespaces(into).rmdir()
        watch.say(Message("backup-engines.archives-nothing"))
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
                raise BackupFailed(
                    Message("backup-engines.last-full-in-repository", backup=copy.label)
                ) from error
            raise

    def doubts(self) -> Sequence[Doubt]:
        """See `BackupEngine`. A log segment is sent through, which takes seconds."""
        try:
            said = output(self._commands.version(), QUIET).decode("utf-8", "replace")
            found = re.search(r"(\d+)\.(\d+)", said)
            if found is None or (int(found[1]), int(found[2])) < _OLDEST:
                oldest = ".".join(map(str, _OLDEST))
                return (Message("backup-engines.pgbackrest-too-old", oldest=oldest, found=said.strip()),)
            self._stanza(QUIET)
            run(self._commands.check(), QUIET)
            self.newest_moment()
        except BackupFailed as error:
            return (error.doubt,)
        return ()

    def newest_moment(self) -> datetime | None:
        """See `KeepsLog`. None if there is no `dsn`, and while the server can't tell."""
        if self._config.dsn is None:
            return None
        try:
            return how_far(look(self._config.dsn.reveal()))
        except SecretUnavailable as error:
            raise BackupFailed(message_of(error), retry=False) from error

    def close(self) -> None:
        """There is nothing to close."""

    def _stanza(self, watch: ActWatch) -> Stanza:
        """Read the state of the repository, or raise `BackupFailed` if no backups can be made to it."""
        try:
            stanza = read_info(output(self._commands.info(), watch), self._config.stanza)
        except UnreadableInfo as error:
            raise _unreadable("pgbackrest info", error) from error
        if not stanza.is_usable:
            name = self._config.stanza
            what = Message("backup-engines.stanza-unusable", stanza=name, trouble=stanza.message)
            raise BackupFailed(what, hint=Message("backup-engines.create-stanza", stanza=name))
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
                    what = Message("backup-engines.another-pgbackrest-runs", error=message_of(error))
                    raise BackupFailed(what) from error
                watch.say(Message("backup-engines.waiting-for-lock"))
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


def _unreadable(command: str, error: UnreadableInfo) -> BackupFailed:
    return BackupFailed(
        Message("backup-engines.answer-unreadable", command=command, answer=message_of(error))
    )


def _refuse_other_parent(stanza: Stanza, parent: TakenBackup | None) -> None:
    """Raise `NeedsFull` unless pgBackRest would base the next increment on *parent*: it uses the newest."""
    if parent is None or not stanza.fulls:
        raise NeedsFull(Message("backup-engines.no-full-to-build-on"))
    newest = stanza.fulls[-1]
    if newest.label != _name(parent):
        raise NeedsFull(
            Message("backup-engines.newest-full-differs", newest=newest.label, recorded=_name(parent))
        )


def _name(taken: TakenBackup) -> str:
    return str(taken.facts["pgbackrest"])


def _target(order: RestoreOrder) -> Mapping[str, str]:
    if not order.follows_log:
        return commands.to_its_own_end(pauses=order.pauses)
    if order.to_lsn:
        return commands.to_position(order.to_lsn, pauses=order.pauses)
    if order.to is not None:
        return commands.to_moment(order.to, pauses=order.pauses)
    return commands.to_the_end(pauses=order.pauses)


def _prepare(into: Path, copy: RepositoryBackup, owner: tuple[int, int] | None) -> bool:
    """Make the folder, and return whether an earlier attempt left files to continue from."""
    try:
        is_new = not into.exists()
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        if is_new and owner is not None:
            # pgBackRest may run as the cluster's account, which can't enter what root makes.
            os.chown(into, *owner)
            spaces = commands.tablespaces(into)
            spaces.mkdir(mode=0o700, exist_ok=True)
            os.chown(spaces, *owner)
        # pgBackRest keeps this file until a restore is complete, and trusts no other folder with files in it.
        goes_on = (into / "backup.manifest").exists()
        if any(into.iterdir()) and not goes_on:
            what = Message("backup-engines.folder-not-empty", folder=into)
            raise BackupFailed(what, hint=Message("backup-engines.name-new-folder"), retry=False)
    except OSError as error:
        trouble = Message("backup-engines.trouble-of", place=into, trouble=error.strerror)
        raise BackupFailed(trouble, retry=False) from error
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
            raise BackupFailed(Message("backup-engines.stopped", reason=reason))
        time.sleep(0.1)
