"""Server settings that would prevent backups or make them less useful, each with a way out."""

from collections.abc import Iterator
from datetime import timedelta

from toban.chapters.backup.engines.native.protocol.server import ReplicationSlot, ServerLook, ServerState
from toban.engine.amounts import length
from toban.engine.trial import Doubt
from toban.message import Message

_SHORTEST_MEMORY = timedelta(hours=36)
"""A daily full backup may be late: increments on the previous one must be possible for at least this long."""
_NEARLY = 0.8
"""The share of its limit from which on a slot is a warning."""

_MUCH = 4 << 30
"""Bytes that a slot without a limit may keep before it is a warning."""


SUMMARIES_OFF = Message("backup-engines.summaries-off"), Message("backup-engines.turn-summaries-on")
"""The problem and the way out."""


def too_old(server: ServerState) -> tuple[Message, Message]:
    """Return that *server* makes no increments, and what to use instead."""
    what = Message("backup-engines.server-makes-no-increments", version=server.version)
    return what, Message("backup-engines.use-another-kind")


def server_doubts(found: ServerLook, *, streams: bool, slot: str) -> Iterator[Doubt]:
    """Yield the problems found; *streams* says whether the log is to be kept through *slot*."""
    server = found.server
    if server.is_too_old:
        yield too_old(server)
        return
    yield from _permission(server)
    yield from _increments(server)
    if not server.has_checksums:
        yield Message("backup-engines.checksums-off"), Message("backup-engines.turn-checksums-on")
    if streams:
        yield from _streaming(server, found.slot, slot)


def slot_trouble(slot: ReplicationSlot) -> Message | None:
    """Return why a slot is in danger or lost; None if it is fine."""
    kept = f"{slot.retained_bytes / 2**20:,.0f} MiB"
    if slot.status == "lost":
        return Message("backup-engines.slot-lost")
    if slot.status == "unreserved":
        return Message("backup-engines.slot-over-limit", kept=kept)
    if slot.safe_bytes is None:
        # The server sets no limit of its own: the next limit is its disk.
        return Message("backup-engines.slot-keeps-much", kept=kept) if slot.retained_bytes >= _MUCH else None
    limit = slot.retained_bytes + max(slot.safe_bytes, 0)
    if limit and slot.retained_bytes >= limit * _NEARLY:
        return Message(
            "backup-engines.slot-nears-limit", kept=kept, left=f"{slot.safe_bytes / 2**20:,.0f} MiB"
        )
    return None


def _permission(server: ServerState) -> Iterator[Doubt]:
    if not server.may_replicate:
        yield Message("backup-engines.role-may-not-replicate"), Message("backup-engines.let-role-replicate")
    if server.settings["wal_level"] == "minimal":
        hint = Message("backup-engines.set-and-restart", command="ALTER SYSTEM SET wal_level = replica;")
        yield Message("backup-engines.wal-level-minimal"), hint
    senders, slots = int(server.settings["max_wal_senders"]), int(server.settings["max_replication_slots"])
    if senders - server.walsenders < 1:
        what = Message("backup-engines.walsenders-used-up", senders=senders)
        hint = Message("backup-engines.set-and-restart", command="ALTER SYSTEM SET max_wal_senders = 10;")
        yield what, hint
    if slots == 0:
        hint = Message(
            "backup-engines.set-and-restart", command="ALTER SYSTEM SET max_replication_slots = 10;"
        )
        yield Message("backup-engines.slots-not-allowed"), hint


def _increments(server: ServerState) -> Iterator[Doubt]:
    if not server.summarizes:
        yield SUMMARIES_OFF
    elif server.summaries_kept is not None and server.summaries_kept < _SHORTEST_MEMORY:
        what = Message("backup-engines.summaries-kept-briefly", kept=length(server.summaries_kept))
        yield what, Message("backup-engines.keep-summaries-longer")


def _streaming(server: ServerState, slot: ReplicationSlot | None, name: str) -> Iterator[Doubt]:
    if server.slot_limit is None:
        what = Message("backup-engines.slot-has-no-limit", slot=name)
        yield what, Message("backup-engines.limit-slots")
    if slot is None:
        return
    if not slot.is_physical:
        what = Message("backup-engines.slot-is-logical", slot=name)
        yield what, Message("backup-engines.name-another-slot")
    elif trouble := slot_trouble(slot):
        yield Message("backup-engines.trouble-of", place=name, trouble=trouble)
