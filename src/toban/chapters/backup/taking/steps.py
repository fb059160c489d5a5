"""The steps of one backup: take it, verify it, record it, prune what it makes superfluous.

Each may be repeated after a kill: taking under the same label begins by removing what an earlier attempt
left, and nothing counts as a backup before its description is next to it in the store.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction

from toban.chapters.backup import catalogue, rules
from toban.chapters.backup.engine import (
    ActWatch,
    BackupEngine,
    BackupFailed,
    Method,
    NeedsFull,
    TakenBackup,
    TrimsLog,
)
from toban.chapters.backup.models import STANDS_IN, Backup
from toban.chapters.backup.restoring import procedure, records, restore
from toban.chapters.backup.restoring.restore import RestoreRefusal, RestoreTarget
from toban.chapters.backup.rules import PrunePlan
from toban.chapters.backup.taking.source import BackupSource, OpenSubject
from toban.chapters.backup.taking.turns import BackupTurn, NoTurn, turn_of
from toban.engine.amounts import size
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import RunTurn, Step, StepFailed
from toban.engine.stores.store import Store, StoreTrouble, folder_of
from toban.message import NOTHING, Message, message_of, sentences

LEFT_BEHIND = timedelta(days=1)
"""An attempt that is not a backup after this time is removed."""

_SUFFIX = {Method.FULL: "full", Method.INCREMENTAL: "incr"}


@dataclass(frozen=True, slots=True)
class PruneResult:
    """What a prune has removed."""

    removed: tuple[str, ...]
    """Labels of backups."""
    log: int
    """How many pieces of log from before the oldest backup that is left."""
    swept: int
    """How many objects of attempts that never became a backup."""


def label_of(due_at: datetime, method: Method) -> str:
    """Return the label of the backup due at *due_at*: a run that is taken over continues under it."""
    return f"{_moment_of(due_at)}-{_SUFFIX[method]}"


def _moment_of(due_at: datetime) -> str:
    return f"{due_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def steps(source: BackupSource, method: Method, clause_id: str) -> tuple[Step, ...]:
    """Return the steps that make one backup of *source*."""
    acts: tuple[tuple[str, Callable[[RunTurn], object]], ...] = (
        ("take", lambda turn: _take(source, method, turn)),
        ("verify", lambda turn: _verify(source, turn)),
        ("record", lambda turn: _record(source, clause_id, turn)),
        ("prune", lambda turn: _prune(source, turn)),
    )
    return tuple(Step(name, _told(act)) for name, act in acts)


def _told(act: Callable[[RunTurn], object]) -> Callable[[RunTurn], object]:
    """Convert the chapter's failures into those of the run ledger."""

    def acting(turn: RunTurn) -> object:
        try:
            return act(turn)
        except BackupFailed as error:
            reason = RunReason.FAILED if error.retry else RunReason.NOT_RUNNABLE
            raise StepFailed(message_of(error), reason) from error
        except StoreTrouble as error:
            reason = RunReason.FAILED if error.passing else RunReason.NOT_RUNNABLE
            raise StepFailed(message_of(error), reason) from error
        except NoTurn as error:
            raise StepFailed(message_of(error), turn.why_stop() or RunReason.FAILED) from error

    return acting


def _take(source: BackupSource, method: Method, turn: RunTurn) -> object:
    with turn_of(source.subject, turn, run=turn.run_id, clock=source.clock), source.opened() as at_work:
        taken = take(source, at_work.engine, method, turn.due_at, turn)
    return {"taken": catalogue.to_json(taken).decode()}


def take(
    source: BackupSource, engine: BackupEngine, method: Method, due_at: datetime, watch: ActWatch
) -> TakenBackup:
    """Take a backup; if no increment can be made, take a full one and say why."""
    if method is Method.FULL:
        return engine.take(label_of(due_at, method), method, None, watch)
    parent = base_of(source)
    if parent is None:
        watch.say(Message("backup.full-for-lack-of-one"))
    else:
        try:
            return engine.take(label_of(due_at, method), method, parent, watch)
        except NeedsFull as error:
            watch.say(Message("backup.full-instead-of-increment", why=message_of(error)))
    return engine.take(f"{_moment_of(due_at)}{STANDS_IN}", Method.FULL, None, watch)


def base_of(source: BackupSource) -> TakenBackup | None:
    """Return the newest full backup that an increment can be based on."""
    fulls = [
        row
        for row in catalogue.on_hand(source.subject)
        if row.method == Method.FULL.value and row.engine == source.kind_name and not row.trouble
    ]
    return catalogue.taken_of(fulls[-1]) if fulls else None


def _verify(source: BackupSource, turn: RunTurn) -> object:
    taken = _taken(turn)
    with source.opened() as at_work:
        if at_work.store is not None:
            missing = listed_otherwise(at_work.store, taken)
            if missing:
                raise BackupFailed(Message("backup.listed-otherwise", differences=missing), retry=False)
            turn.say(Message("backup.listed-as-taken", count=len(taken.objects)))
        if source.config.verify == "list":
            return {"verified_at": None}
        checked = at_work.engine.verify(taken, turn)
    if not checked.is_whole:
        raise BackupFailed(Message("backup.not-read-back", troubles=checked.troubles), retry=False)
    turn.say(Message("backup.read-back"))
    return {"verified_at": source.clock().isoformat()}


def listed_otherwise(store: Store, taken: TakenBackup) -> list[Message]:
    """Return which objects of *taken* the store does not list, or lists with another size."""
    folders = {stored.key.rpartition("/")[0] for stored in taken.objects}
    sizes = {each.key: each.size for folder in folders for each in store.listing(f"{folder}/")}
    return [
        Message("backup.object-is-missing", key=stored.key)
        if stored.key not in sizes
        else Message(
            "backup.object-of-other-size", key=stored.key, wanted=stored.size, found=sizes[stored.key]
        )
        for stored in taken.objects
        if sizes.get(stored.key) != stored.size
    ]


def _record(source: BackupSource, clause_id: str, turn: RunTurn) -> object:
    taken, verified = _taken(turn), turn.results["verify"]
    verified_at = verified["verified_at"] if isinstance(verified, dict) else None
    with source.opened() as at_work:
        if at_work.store is not None:
            # Its presence makes it a backup; the row below may be lost with the state, this object is not.
            at_work.store.put(catalogue.key_of(source.subject, taken.label), catalogue.to_json(taken))
    with transaction.atomic():
        is_new = not Backup.objects.filter(subject=source.subject, label=taken.label).exists()
        catalogue.record(
            taken,
            subject=source.subject,
            clause_id=clause_id,
            store=source.store_name,
            verified_at=datetime.fromisoformat(verified_at) if verified_at else None,
        )
        if is_new:
            ledger.append(_evidence(source, clause_id, taken, verified_at), now=source.clock())
    turn.say(Message("backup.recorded", label=taken.label, bytes=_stored(taken)))
    _explain(source, turn)
    return {"label": taken.label}


def _explain(source: BackupSource, watch: ActWatch) -> None:
    """Store next to the backups how to restore the newest, for the day Toban is not available."""
    try:
        planned = restore.plan(source.subject, records.in_catalogue(source.subject), RestoreTarget())
        procedure.keep(source, planned)
    except (StoreTrouble, BackupFailed, RestoreRefusal) as trouble:
        # The backup is good without it.
        watch.say(Message("backup.procedure-not-kept", file=procedure.FILE, why=message_of(trouble)))


def _evidence(
    source: BackupSource, clause_id: str, taken: TakenBackup, verified_at: str | None
) -> ledger.Record:
    reason = Message("backup.taken-and-read-back" if verified_at else "backup.taken-and-listed")
    content = {
        "verdict": Verdict.CONFORMING.value,
        "reason": reason.as_json(),
        "subject": source.subject,
        "label": taken.label,
        "store": source.store_name,
        "restorable_to": taken.restorable_to.isoformat(),
        "system_id": taken.system_id,
        "manifest_sha256": taken.manifest_sha256,
        "objects": len(taken.objects),
        "bytes": _stored(taken),
    }
    return ledger.Record(
        LedgerEntry.Kind.VERDICT, content, clause_id=clause_id, document_digest=source.digest
    )


def _prune(source: BackupSource, turn: RunTurn) -> object:
    with (
        turn_of(source.subject, turn, run=turn.run_id, clock=source.clock) as held,
        source.opened() as at_work,
    ):
        done = prune(source, at_work, held, turn)
    return _came_of(turn, done)


def _came_of(turn: RunTurn, done: PruneResult) -> Message:
    """Return in one line what the run has made: the last step's text is the run's."""
    taken, verified = _taken(turn), turn.results["verify"]
    is_read_back = isinstance(verified, dict) and verified["verified_at"] is not None
    code = "backup.run-took-and-read-back" if is_read_back else "backup.run-took-and-listed"
    removed = Message("backup.run-removed", count=len(done.removed)) if done.removed else NOTHING
    return sentences(Message(code, label=taken.label, size=size(_stored(taken))), removed)


def prune_plan(source: BackupSource, now: datetime) -> PrunePlan:
    """Decide which backups of *source* can be removed now."""
    copies = catalogue.copies(source.subject)
    has_log = bool(catalogue.stretches(source.subject))
    return rules.prune(copies, source.keep, now, has_log=has_log)


def prune(source: BackupSource, at_work: OpenSubject, held: BackupTurn, watch: ActWatch) -> PruneResult:
    """Remove what can go, then what failed attempts left; safe to repeat wherever it was interrupted."""
    decided = prune_plan(source, source.clock())
    rows = {row.label: row for row in catalogue.on_hand(source.subject)}
    removed = []
    for gone in decided.gone:
        held.check()
        row = rows[gone.label]
        if row.engine != source.kind_name:
            watch.say(Message("backup.taken-by-other-kind", label=row.label, kind=row.engine, why=gone.why))
            continue
        watch.say(Message("backup.removing", label=gone.label, why=gone.why))
        _remove(source, at_work, row, gone.why)
        removed.append(gone.label)
    trimmed = _trim(source, at_work, rows.get(decided.log_from), watch)
    swept = sweep(source, at_work.store, watch) if at_work.store is not None else 0
    return PruneResult(tuple(removed), trimmed, swept)


def _remove(source: BackupSource, at_work: OpenSubject, row: Backup, why: Message) -> None:
    taken = catalogue.taken_of(row)
    if at_work.store is not None:
        # First of all: without the description the rest is no longer a backup, whatever happens next.
        at_work.store.delete([catalogue.key_of(source.subject, row.label)])
    at_work.engine.remove(taken)
    row.pruned_at, row.pruned_why = source.clock(), why
    row.save(update_fields=["pruned_at", "pruned_why"])


def _trim(source: BackupSource, at_work: OpenSubject, oldest: Backup | None, watch: ActWatch) -> int:
    if oldest is None or not isinstance(at_work.engine, TrimsLog):
        return 0
    taken = catalogue.taken_of(oldest)
    trimmed = at_work.engine.trim_log(taken)
    if trimmed and taken.start is not None:
        catalogue.log_begins_at(source.subject, taken.system_id, taken.start)
        watch.say(Message("backup.log-trimmed", label=oldest.label, count=trimmed))
    return trimmed


def sweep(source: BackupSource, store: Store, watch: ActWatch) -> int:
    """Remove interrupted uploads, and the objects of attempts that never became a backup."""
    before = source.clock() - LEFT_BEHIND
    folder = f"{folder_of(source.subject)}/"
    found = store.sweep(folder, before)
    known = {row.label for row in catalogue.on_hand(source.subject)}
    by_label: dict[str, list[str]] = {}
    young: set[str] = set()
    for listed in store.listing(folder):
        label, _, rest = listed.key.removeprefix(folder).partition("/")
        if not rest or label == "wal" or label in known:
            continue
        by_label.setdefault(label, []).append(listed.key)
        # An attempt with a description is a backup, even if this catalogue does not know it: see import.
        if rest == "backup.json" or listed.modified_at >= before:
            young.add(label)
    for label in by_label.keys() - young:
        watch.say(Message("backup.remains-removed", label=label))
        store.delete(by_label[label])
        found += len(by_label[label])
    return found


def _stored(taken: TakenBackup) -> int:
    return sum(each.size for each in taken.objects)


def _taken(turn: RunTurn) -> TakenBackup:
    result = turn.results["take"]
    assert isinstance(result, dict)  # noqa: S101 - what the step before returned
    return catalogue.from_json(result["taken"])
