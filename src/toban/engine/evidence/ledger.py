"""The append-only chain of evidence: each entry holds the digest of the one before it.

The digest is SHA-256 over the entry as canonical JSON (sorted keys, no spaces, ASCII only), the previous
digest included. Changing, removing or reordering entries breaks a link. Entries cut off at the *end* leave
an intact chain, and so does writing all of it anew: this shows only against heads that were noted elsewhere
(`verify(known=…)`, `anchors`).
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.models import BigIntegerField, Max, QuerySet

from toban.engine.changes import index
from toban.engine.evidence import segments
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.segments import START
from toban.engine.state.question import Given, Question
from toban.message import NOTHING, Message
from toban.text import storable_text

_STILL = "20s"
"""The longest that a transaction with the lock may be idle, in PostgreSQL's notation."""

MADE_UP_BY = "made_up_by"
"""The key under which an entry says that it does not come from reality: see `made_up`."""

_LOCK = 0x746F62616E
"""PostgreSQL's advisory lock of the chain: `toban` in ASCII."""

_LONGEST_WAIT = timedelta(minutes=5)
"""What was written further ahead was not written while somebody waited: the clock was set back since."""
_AT_ONCE = 100
"""How many entries are looked at for those that were written meanwhile."""

_made_up_by: list[str] = []
"""Who makes up all that this process writes, if anybody does. Of the process: runs have threads."""

_check: ContextVar[Callable[[], None]] = ContextVar("check", default=lambda: None)


@dataclass(frozen=True, slots=True)
class Record:
    """An entry to append; the ledger adds its place in the chain."""

    kind: LedgerEntry.Kind
    content: Mapping[str, object]
    """JSON values. Floats are stored as text: not every database returns them as written."""
    actor: str = "toban"
    clause_id: str = ""
    document_digest: str = ""


@dataclass(frozen=True, slots=True)
class LedgerHead:
    """An entry by place and digest; the last one identifies the whole chain before it."""

    sequence: int
    digest: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.digest}"


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """The first place where the chain is broken."""

    sequence: int
    reason: Message


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of walking the chain."""

    head: LedgerHead
    """The last intact entry."""
    broken: BrokenLink | None


def append(*records: Record, now: datetime) -> tuple[LedgerEntry, ...]:
    """Append *records* in order, in the caller's transaction (or one of its own), and return the entries.

    Sequences have no gaps: writers in all processes wait for each other until they commit. So append late
    in a long transaction. Raises `TypeError` for content that is not JSON.
    """
    with transaction.atomic(savepoint=False):
        hold()
        # Not whole: what happened last may be long, and this is read for every entry that is written.
        last = LedgerEntry.objects.order_by("-sequence").values_list("sequence", "digest").first()
        sequence, previous = last or (0, START)
        entries = []
        for record in records:
            sequence += 1
            entry = _entry(record, sequence=sequence, previous=previous, now=now)
            previous = entry.digest
            entries.append(entry)
        LedgerEntry.objects.bulk_create(entries, batch_size=200)
        index.note(entries)
    return tuple(entries)


def head() -> LedgerHead | None:
    """Return the last entry; None if there is none yet."""
    last = LedgerEntry.objects.order_by("-sequence").first()
    return LedgerHead(last.sequence, last.digest) if last is not None else None


def kinds_since(sequence: int) -> Mapping[str, int]:
    """Return each kind of the entries after *sequence*, and the newest entry's sequence of that kind."""
    return dict(_KINDS_SINCE.rows(sequence=sequence))


def _kinds_since() -> QuerySet[LedgerEntry, Any]:
    later = LedgerEntry.objects.filter(sequence__gt=Given("sequence", BigIntegerField())).order_by()
    return later.values("kind").annotate(newest=Max("sequence")).values_list("kind", "newest")


_KINDS_SINCE = Question(_kinds_since)


def began_at() -> datetime | None:
    """Return when Toban first wrote evidence: before, nothing was run or watched. None if it has none."""
    return LedgerEntry.objects.order_by("sequence").values_list("at", flat=True).first()


def made_up_until() -> datetime | None:
    """Return the time of the last entry that is marked as `made_up`; None if none is: then all of it is real.

    Only an empty ledger begins with such entries, so that none follows on a real one.
    """
    first = LedgerEntry.objects.order_by("sequence").first()
    if first is None or MADE_UP_BY not in first.content:
        return None
    last = LedgerEntry.objects.aggregate(last=Max("sequence"))["last"]
    numbers = range(first.sequence, last + 1)
    real = bisect_left(numbers, True, key=_is_real)
    return LedgerEntry.objects.values_list("at", flat=True).get(sequence=numbers[real - 1])


def _is_real(sequence: int) -> bool:
    return MADE_UP_BY not in LedgerEntry.objects.values_list("content", flat=True).get(sequence=sequence)


def hold() -> None:
    """Make every other writer of evidence wait until this transaction ends.

    SQLite's transactions are IMMEDIATE: a process inside one is already the only writer. PostgreSQL ends
    the session of a process that is idle while it holds the lock: all others would wait for it.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('idle_in_transaction_session_timeout', %s, true),"
                " pg_advisory_xact_lock(%s)",
                [_STILL, _LOCK],
            )
    _check.get()()


def turn(now: datetime) -> datetime:
    """Hold the ledger, and return the time of one's turn: *now*, or later if others went before meanwhile.

    *now* was read before the wait: by it, what others have just ended would still go on.
    """
    hold()
    newest = LedgerEntry.objects.order_by("-sequence").values_list("at", flat=True)[:_AT_ONCE]
    return max((now, *(at for at in newest if at <= now + _LONGEST_WAIT)))


@contextmanager
def checked(check: Callable[[], None]) -> Iterator[None]:
    """Call *check* whenever the ledger is held inside the block: it raises if what is ordered may not be.

    What held when an order was given may have ended while it waited for others to be carried out.
    """
    before = _check.set(check)
    try:
        yield
    finally:
        _check.reset(before)


@contextmanager
def made_up(by: str) -> Iterator[None]:
    """Mark whatever this process appends inside the block as made up by *by*, and no record of reality."""
    _made_up_by.append(by)
    try:
        yield
    finally:
        _made_up_by.pop()


def verify(known: Iterable[LedgerHead] = (), *, database: str = DEFAULT_DB_ALIAS) -> Verification:
    """Walk the whole chain and report the first broken link; *known* are heads noted earlier."""
    head, noted = LedgerHead(0, START), _by_sequence(known)
    for entry in LedgerEntry.objects.using(database).order_by("sequence").iterator(chunk_size=1000):
        reason = _why_broken(entry, head)
        if reason:
            # The missing link is the one after the head, not the one found in its place.
            at = min(entry.sequence, head.sequence + 1)
            return Verification(head, BrokenLink(at, reason))
        head = LedgerHead(entry.sequence, entry.digest)
        if noted.get(head.sequence, {head.digest}) != {head.digest}:
            reason = Message("evidence.differs-from-noted-head")
            return Verification(head, BrokenLink(head.sequence, reason))
    last = max(noted, default=0)
    if last > head.sequence:
        reason = Message("evidence.end-is-missing", last=last)
        return Verification(head, BrokenLink(head.sequence + 1, reason))
    return Verification(head, None)


def _by_sequence(heads: Iterable[LedgerHead]) -> Mapping[int, set[str]]:
    found: dict[int, set[str]] = {}
    for head in heads:
        found.setdefault(head.sequence, set()).add(head.digest)
    return found


def digest_of(entry: LedgerEntry) -> str:
    """Return the digest that *entry* must have, computed from its other fields."""
    return segments.digest_of(line_of(entry))


def line_of(entry: LedgerEntry) -> dict[str, object]:
    """Return *entry* as JSON values, digest included: input of the digest, and a line of a segment."""
    return {
        "sequence": entry.sequence,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "kind": str(entry.kind),
        "actor": entry.actor,
        "clause_id": entry.clause_id,
        "document_digest": entry.document_digest,
        "content": entry.content,
        "previous": entry.previous,
        "digest": entry.digest,
    }


def _entry(record: Record, *, sequence: int, previous: str, now: datetime) -> LedgerEntry:
    entry = LedgerEntry(
        sequence=sequence,
        at=now,
        kind=record.kind,
        actor=storable_text(record.actor),
        clause_id=storable_text(record.clause_id),
        document_digest=record.document_digest,
        content=_storable({**record.content, **({MADE_UP_BY: _made_up_by[-1]} if _made_up_by else {})}),
        previous=previous,
    )
    entry.digest = digest_of(entry)
    return entry


def _why_broken(entry: LedgerEntry, head: LedgerHead) -> Message:
    if entry.sequence != head.sequence + 1:
        return Message("evidence.entry-is-missing", number=head.sequence + 1)
    if entry.previous != head.digest:
        return Message("evidence.entry-is-not-linked")
    if entry.digest != digest_of(entry):
        return Message("evidence.entry-was-changed")
    return NOTHING


def _storable(value: object) -> object:
    """Return *value* in a form that every database returns unchanged: the digest must be recomputable."""
    match value:
        case None | bool() | int():
            return value
        case float():
            # PostgreSQL's jsonb turns 1e16 into an integer.
            return repr(value)
        case str():
            return storable_text(value)
        case Mapping():
            return {storable_text(str(key)): _storable(inner) for key, inner in value.items()}
        case Iterable():
            return [_storable(inner) for inner in value]
        case _:
            raise TypeError(f"{type(value).__name__} is no JSON value")
