"""Planning a restore: what is restored, how far it reaches, and what prevents it, before it starts."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from toban.chapters.backup import rules
from toban.chapters.backup.drills import postgres
from toban.chapters.backup.engine import BackupFailed, RestoreOrder, TakenBackup
from toban.chapters.backup.rules import BackupCopy, WalStretch
from toban.engine.amounts import size
from toban.engine.stores.store import Store, StoreTrouble
from toban.message import NOTHING, Message, message_of

_SPARE = 1.1
"""The required disk space as a multiple of the source's size: for the log, and for what recovery adds."""

UNFINISHED = ".toban-restoring"
"""Marks a folder that an earlier restore left unfinished: it may be overwritten."""


@dataclass(frozen=True, slots=True)
class RestoreTarget:
    """What was asked for: a moment, a backup by its label, or (neither) the newest there is."""

    at: datetime | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class KnownBackups:
    """What there is of a subject, from the catalogue or, if that is lost, from the store itself."""

    backups: Sequence[TakenBackup]
    stretches: Sequence[WalStretch] = ()
    bad: frozenset[str] = frozenset()
    """Labels of backups with a known problem."""
    log_elsewhere: datetime | None = None
    """How far a log goes that an engine keeps in a place of its own, as it reports now (`KeepsLog`)."""
    is_log_known: bool = True
    """False: how far the log goes is found out during the restore."""


class RestoreRefusal(Exception):
    """Why a restore is not possible; `hint` is the way out."""

    def __init__(self, message: Message, hint: Message = NOTHING) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class RestorePlan:
    """What a restore would do."""

    subject: str
    chain: tuple[TakenBackup, ...]
    to: datetime | None
    """The moment to recover to; None: as far as chain and log go."""
    reaches: datetime | None
    """The moment that is restored; None if only the log itself can tell."""
    follows_log: bool
    expected: timedelta | None
    """How long it takes, by the last drill; None if there was none."""

    @property
    def newest(self) -> TakenBackup:
        """The backup that the recovery begins from."""
        return self.chain[-1]

    @property
    def source_bytes(self) -> int:
        """About how much disk space it needs."""
        return self.chain[0].source_bytes

    @property
    def stored_bytes(self) -> int:
        """How much is read from the store."""
        return sum(stored.size for taken in self.chain for stored in taken.objects)

    @property
    def is_physical(self) -> bool:
        """Whether the result is a data directory, which log can continue."""
        return self.newest.end is not None

    def order(
        self,
        into: Path,
        *,
        server: str = "",
        binaries: Path | None = None,
        pauses: bool = False,
        owner: tuple[int, int] | None = None,
    ) -> RestoreOrder:
        """Return the order for the engine."""
        return RestoreOrder(
            chain=self.chain,
            into=into,
            to=self.to,
            server=server,
            follows_log=self.follows_log,
            binaries=binaries,
            pauses=pauses,
            owner=owner,
        )


def with_log_elsewhere(known: KnownBackups, until: datetime | None) -> KnownBackups:
    """Return *known* with a log that its engine keeps in a place of its own, up to *until*.

    None: the engine can't say. Then the restore still follows the log as far as it goes, unless these are
    backups that no log can follow.
    """
    can_follow = any(taken.end is not None for taken in known.backups)
    return replace(known, log_elsewhere=until, is_log_known=until is not None or not can_follow)


def plan(
    subject: str, known: KnownBackups, target: RestoreTarget, *, measured: tuple[float, int] | None = None
) -> RestorePlan:
    """Choose the chain for *target*, or raise `RestoreRefusal`, which names the window that can be restored.

    *measured*: how many seconds the last drill took to restore, and the source's bytes then.
    """
    copies = [_copy(taken, is_damaged=taken.label in known.bad) for taken in known.backups]
    if not copies:
        raise RestoreRefusal(
            Message("backup-engines.no-backups", subject=subject), Message("backup-engines.list-backups")
        )
    if target.label:
        chain = _labelled(subject, copies, target.label)
    else:
        _refuse_outside(subject, copies, known, target.at)
        chain = tuple(copy.label for copy in rules.chain_to(copies, target.at))
    taken = {each.label: each for each in known.backups}
    found = tuple(taken[label] for label in chain)
    expected = None
    if measured is not None:
        seconds = rules.scaled_recovery(measured[0], measured[1], found[0].source_bytes)
        expected = timedelta(seconds=round(seconds))
    has_log = found[-1].end is not None or known.log_elsewhere is not None
    is_alone = bool(target.label) or not has_log
    return RestorePlan(
        subject=subject,
        chain=found,
        to=None if is_alone else target.at,
        reaches=found[-1].restorable_to if is_alone else _end_of_log(copies, known, target),
        follows_log=not target.label,
        expected=expected,
    )


def _labelled(subject: str, copies: Sequence[BackupCopy], label: str) -> tuple[str, ...]:
    chosen = next((copy for copy in copies if copy.label == label), None)
    if chosen is None:
        newest = [copy.label for copy in copies[-3:]]
        raise RestoreRefusal(
            Message("backup-engines.no-such-backup", subject=subject, backup=label),
            Message("backup-engines.newest-backups", backups=newest),
        )
    if chosen not in rules.usable(copies):
        raise RestoreRefusal(
            Message("backup-engines.full-not-usable", backup=label, full=chosen.parent)
            if chosen.is_good
            else Message("backup-engines.backup-damaged", backup=label),
            Message("backup-engines.choose-another-backup"),
        )
    return (chosen.parent, label) if chosen.parent else (label,)


def _refuse_outside(
    subject: str, copies: Sequence[BackupCopy], known: KnownBackups, at: datetime | None
) -> None:
    usable = rules.usable(copies)
    newest = _newest(copies, known)
    if newest is None or not usable:
        raise RestoreRefusal(
            Message("backup-engines.no-usable-backups", subject=subject),
            Message("backup-engines.list-backups"),
        )
    oldest = min(copy.restorable_to for copy in usable)
    is_too_new = at is not None and at > newest and known.is_log_known
    if at is not None and (at < oldest or is_too_new):
        window = {"first": _clock(oldest, at), "last": _clock(newest, at)}
        raise RestoreRefusal(
            Message("backup-engines.moment-outside-window", moment=_clock(at, at)),
            Message("backup-engines.window", subject=subject, **window),
        )


def _clock(moment: datetime, like: datetime) -> str:
    return f"{moment.astimezone(like.tzinfo):%Y-%m-%d %H:%M:%S}"


def _end_of_log(copies: Sequence[BackupCopy], known: KnownBackups, target: RestoreTarget) -> datetime | None:
    if target.at is not None:
        return target.at
    return _newest(copies, known) if known.is_log_known else None


def _newest(copies: Sequence[BackupCopy], known: KnownBackups) -> datetime | None:
    """Return the newest moment that backups and log can restore; None without a usable backup."""
    found = rules.newest_moment(copies, known.stretches)
    if found is None or known.log_elsewhere is None:
        return found.at if found is not None else None
    return max(found.at, known.log_elsewhere)


def _copy(taken: TakenBackup, *, is_damaged: bool) -> BackupCopy:
    return BackupCopy(
        label=taken.label,
        method=taken.method,
        parent=taken.parent,
        ended_at=taken.ended_at,
        restorable_to=taken.restorable_to,
        system_id=taken.system_id,
        start=taken.start,
        end=taken.end,
        trouble=Message("backup-engines.backup-damaged", backup=taken.label) if is_damaged else NOTHING,
    )


def obstacles(planned: RestorePlan, into: Path) -> Iterator[RestoreRefusal]:
    """Yield what prevents a restore into the folder *into*, on this machine as it is now."""
    if number := postgres.running_on(into):
        yield RestoreRefusal(
            Message("backup-engines.server-runs-in-folder", folder=into, process=number),
            Message("backup-engines.stop-server-or-name-folder"),
        )
    elif into.exists() and not (into / UNFINISHED).exists() and any(into.iterdir()):
        yield RestoreRefusal(
            Message("backup-engines.folder-not-empty", folder=into),
            Message("backup-engines.name-empty-folder"),
        )
    there = next(folder for folder in (into, *into.absolute().parents) if folder.exists())
    free, needed = shutil.disk_usage(there).free, int(planned.source_bytes * _SPARE)
    if free < needed:
        yield RestoreRefusal(
            Message("backup-engines.disk-too-full", folder=there, free=size(free), needed=size(needed)),
            Message("backup-engines.name-folder-of-larger-disk"),
        )


def unreadable(planned: RestorePlan, store: Store) -> Iterator[RestoreRefusal]:
    """Yield what of the chain can't be read: the store is unreachable, or the decryption key is not here."""
    for taken in planned.chain:
        for stored in taken.objects[:1]:
            try:
                next(iter(store.stream(stored.key)), b"")
            except StoreTrouble as trouble:
                yield RestoreRefusal(
                    Message("backup-engines.object-unreadable", object=stored.key, error=message_of(trouble)),
                    Message("backup-engines.name-identity") if stored.sealed else NOTHING,
                )


def programs_for(
    planned: RestorePlan, named: Path | None, account: str, *, is_needed: bool
) -> postgres.ServerPrograms | None:
    """Return the server's programs; raises `RestoreRefusal` for another version or missing programs."""
    version = planned.newest.server_version
    major = postgres.major(version)
    try:
        owner = postgres.account_for(account) if is_needed else None
        found = postgres.find_programs(named, version, owner)
    except BackupFailed as failure:
        raise RestoreRefusal(
            message_of(failure), Message("backup-engines.name-binaries", version=major)
        ) from failure
    if found is None and is_needed:
        raise RestoreRefusal(
            Message("backup-engines.programs-not-found", version=major),
            Message("backup-engines.install-or-name-binaries"),
        )
    return found
