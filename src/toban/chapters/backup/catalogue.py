"""The catalogue's rows, and the same facts as JSON next to each backup in its store."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from toban.chapters.backup.engine import Method, TakenBackup, WalPosition
from toban.chapters.backup.models import Backup, LogStretch
from toban.chapters.backup.rules import BackupCopy, WalStretch, position
from toban.engine.stores.store import Store, StoredObject, StoreTrouble, folder_of
from toban.message import Message, message_of

FORM = 1
"""The version of the JSON format; later versions must still read this one."""

_FILE = "backup.json"


def key_of(subject: str, label: str) -> str:
    """Return the key of a backup's description; without this object it is not a backup."""
    return f"{folder_of(subject)}/{label}/{_FILE}"


def to_json(taken: TakenBackup) -> bytes:
    """Return *taken* as JSON."""
    facts = asdict(taken) | {
        "form": FORM,
        "started_at": taken.started_at.isoformat(),
        "ended_at": taken.ended_at.isoformat(),
        "restorable_to": taken.restorable_to.isoformat(),
    }
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, indent=1).encode()


def from_json(content: bytes | str) -> TakenBackup:
    """Read what `to_json` wrote; raises `ValueError` for anything else."""
    try:
        read: dict[str, Any] = json.loads(content)
        if read.pop("form") != FORM:
            raise ValueError("another form")
        for key in ("started_at", "ended_at", "restorable_to"):
            read[key] = datetime.fromisoformat(read[key])
        for key in ("start", "end"):
            read[key] = WalPosition(**read[key]) if read[key] else None
        read["method"] = Method(read["method"])
        read["objects"] = tuple(StoredObject(**each) for each in read["objects"])
        return TakenBackup(**read)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no description of a backup: {error!r}") from error


def record(
    taken: TakenBackup, *, subject: str, clause_id: str, store: str, verified_at: datetime | None
) -> Backup:
    """Record *taken* in the catalogue; repeating it changes nothing."""
    row, _ = Backup.objects.update_or_create(
        subject=subject,
        label=taken.label,
        defaults={
            "clause_id": clause_id,
            "method": taken.method.value,
            "engine": taken.engine,
            "engine_version": taken.engine_version,
            "server_version": taken.server_version,
            "system_id": taken.system_id,
            "parent": taken.parent,
            "store": store,
            "started_at": taken.started_at,
            "ended_at": taken.ended_at,
            "start_timeline": taken.start.timeline if taken.start else None,
            "start_lsn": taken.start.lsn if taken.start else "",
            "end_timeline": taken.end.timeline if taken.end else None,
            "end_lsn": taken.end.lsn if taken.end else "",
            "restorable_to": taken.restorable_to,
            "objects_stored": [asdict(each) for each in taken.objects],
            "manifest_sha256": taken.manifest_sha256,
            "source_bytes": taken.source_bytes,
            "stored_bytes": sum(each.size for each in taken.objects),
            "facts": dict(taken.facts),
            "verified_at": verified_at,
        },
    )
    return row


def taken_of(row: Backup) -> TakenBackup:
    """Return a row as the `TakenBackup` that its engine works with."""
    return TakenBackup(
        label=row.label,
        method=Method(row.method),
        engine=row.engine,
        engine_version=row.engine_version,
        server_version=row.server_version,
        system_id=row.system_id,
        parent=row.parent,
        started_at=row.started_at,
        ended_at=row.ended_at,
        start=_place(row.start_timeline, row.start_lsn),
        end=_place(row.end_timeline, row.end_lsn),
        restorable_to=row.restorable_to,
        objects=tuple(StoredObject(**each) for each in row.objects_stored),
        manifest_sha256=row.manifest_sha256,
        source_bytes=row.source_bytes,
        facts=row.facts,
    )


def on_hand(subject: str) -> list[Backup]:
    """Return the backups of *subject* that are in their store, oldest first."""
    return list(Backup.objects.filter(subject=subject, pruned_at=None).order_by("ended_at", "label"))


def copies(subject: str) -> list[BackupCopy]:
    """Return the backups of *subject* as `BackupCopy` values for decisions, oldest first."""
    # A large backup has thousands of objects: don't read them every time a status is shown.
    rows = Backup.objects.filter(subject=subject, pruned_at=None).defer("objects_stored", "facts")
    return [copy_of(row) for row in rows.order_by("ended_at", "label")]


def copy_of(row: Backup) -> BackupCopy:
    """Return a row as a `BackupCopy` for decisions."""
    return BackupCopy(
        label=row.label,
        method=Method(row.method),
        parent=row.parent,
        ended_at=row.ended_at,
        restorable_to=row.restorable_to,
        system_id=row.system_id,
        start=_place(row.start_timeline, row.start_lsn),
        end=_place(row.end_timeline, row.end_lsn),
        is_verified=row.verified_at is not None,
        trouble=row.trouble,
        stored_bytes=row.stored_bytes,
        source_bytes=row.source_bytes,
    )


def read_store(store: Store, subject: str) -> tuple[list[TakenBackup], list[Message]]:
    """Read every backup of *subject* that its store describes; also return the unreadable descriptions."""
    found: list[TakenBackup] = []
    troubles: list[Message] = []
    for listed in list(store.listing(f"{folder_of(subject)}/")):
        if not listed.key.endswith(f"/{_FILE}"):
            continue
        try:
            found.append(from_json(store.read(listed.key)))
        except (ValueError, StoreTrouble) as error:
            troubles.append(Message("backup.about-object", key=listed.key, said=message_of(error)))
    return sorted(found, key=lambda taken: (taken.ended_at, taken.label)), troubles


def stretches(subject: str) -> list[WalStretch]:
    """Return the stretches of *subject*'s log that are complete in the store."""
    return [
        WalStretch(row.system_id, row.timeline, row.first_lsn, row.last_lsn, row.durable_to)
        for row in LogStretch.objects.filter(subject=subject)
    ]


def last_stretch(subject: str, system_id: str) -> LogStretch | None:
    """Return the stretch that this cluster's log continues; None if a new stretch must begin."""
    stretches = LogStretch.objects.filter(subject=subject, system_id=system_id)
    newest = stretches.order_by("-durable_to", "-timeline").first()
    return newest if newest is not None and not newest.broken_why else None


def log_goes_on(
    subject: str, system_id: str, *, timeline: int, first_lsn: str, last_lsn: str, durable_to: datetime | None
) -> None:
    """Note that the log from *first_lsn* to *last_lsn* is durable in the store, and can restore *durable_to*.

    While that moment is not known, the one of the stretch that this log continues is used; without such a
    stretch nothing is noted.

    The log extends the last stretch if the two meet on the same timeline; otherwise it is a new stretch. If
    the beginning of the last stretch was removed meanwhile, the stretch keeps its later beginning: the
    follower keeps passing the position where it began itself.
    """
    last = last_stretch(subject, system_id)
    if last is None or last.timeline != timeline or not _meets(last, first_lsn, last_lsn):
        if durable_to is None and last is not None and last.timeline < timeline:
            durable_to = last.durable_to
        if durable_to is not None:
            LogStretch.objects.create(
                subject=subject,
                system_id=system_id,
                timeline=timeline,
                first_lsn=first_lsn,
                last_lsn=last_lsn,
                durable_to=durable_to,
            )
        return
    if position(last_lsn) > position(last.last_lsn):
        last.last_lsn = last_lsn
    last.durable_to = max(last.durable_to, durable_to or last.durable_to)
    last.save(update_fields=["last_lsn", "durable_to"])


def log_breaks(subject: str, system_id: str, why: Message) -> None:
    """Note that no log continues the last stretch: a lost slot, a gap."""
    last = last_stretch(subject, system_id)
    if last is not None:
        last.broken_why = why
        last.save(update_fields=["broken_why"])


def log_begins_at(subject: str, system_id: str, oldest: WalPosition) -> None:
    """Note that log before *oldest* was removed from the store."""
    for row in LogStretch.objects.filter(subject=subject, system_id=system_id):
        if position(row.last_lsn) <= position(oldest.lsn) and row.timeline <= oldest.timeline:
            row.delete()
        elif position(row.first_lsn) < position(oldest.lsn) and row.timeline <= oldest.timeline:
            row.first_lsn = oldest.lsn
            row.save(update_fields=["first_lsn"])


def _meets(stretch: LogStretch, first_lsn: str, last_lsn: str) -> bool:
    begins_before_its_end = position(first_lsn) <= position(stretch.last_lsn)
    return begins_before_its_end and position(stretch.first_lsn) <= position(last_lsn)


def _place(timeline: int | None, lsn: str) -> WalPosition | None:
    return WalPosition(timeline, lsn) if timeline is not None else None
