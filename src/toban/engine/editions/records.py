"""The editions in the evidence: what came into force and what it changed, what waits, who confirmed it."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from toban.engine.editions import announcements
from toban.engine.editions.acts import IN_FORCE, IS_COMPARED, PLAN, ROWS, TABLES
from toban.engine.editions.change import EditionChange, RowsOf, change_of
from toban.engine.editions.edition import ApprovalNeed, Edition, EditionRefusal
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.message_field import storable
from toban.engine.notify import alerts
from toban.engine.orders import NotPossible
from toban.message import Message, from_json

WAITS, REFUSED, CONFIRMED = "waits", "refused", "confirmed"
"""What an entry of the kind DOCUMENT records, if not `IN_FORCE`: one of them holds the document's name."""

SIGNED = "signed"
"""The same, for a version whose signed commit stands for the approval."""
_APPROVAL, _GATE, _SHARED, _UNTIL = "approval", "gate", "shared", "until"


def latest() -> LedgerEntry | None:
    """Return the newest entry about the document."""
    return _entries().first()


def waiting() -> LedgerEntry | None:
    """Return the entry of the edition that waits for a person's confirmation; None if none waits."""
    found = latest()
    return found if found is not None and WAITS in found.content else None


def in_force() -> LedgerEntry | None:
    """Return the newest entry about an edition that came into force."""
    return _entries().filter(content__has_key=IN_FORCE).first()


def was_in_force(digests: tuple[str, str]) -> bool:
    """Return whether the edition with *digests* ever came into force."""
    document, bindings = digests
    came = _entries().filter(content__has_key=IN_FORCE, document_digest=document)
    return any(names(each)[1] == bindings for each in came)


def accepted(now: datetime) -> LedgerEntry | None:
    """Return the newest entry about an edition that is in force, or that people let come into force.

    So an answer is remembered across restarts, and ends when another edition comes into force, or with the
    time within which an approval must be used.
    """
    found = _entries().filter(Q(content__has_key=IN_FORCE) | Q(content__has_key=CONFIRMED)).first()
    until = found.content.get(_UNTIL) if found is not None else None
    return in_force() if until and now >= datetime.fromisoformat(until) else found


def need_of(entry: LedgerEntry) -> ApprovalNeed | None:
    """Return the approval that a waiting edition needs; None if a confirmation is enough."""
    stored = entry.content.get(_APPROVAL)
    return ApprovalNeed.of_json(stored) if stored else None


def gate_in(entry: LedgerEntry) -> Mapping[str, object]:
    """Return the gate of an edition in force, as it was recorded; empty if an older Toban recorded it."""
    found: Mapping[str, object] = entry.content.get(_GATE) or {}
    return found


def shared_in(entry: LedgerEntry) -> Mapping[str, object]:
    """Return the number and signature of an edition in force; empty if no node shares its editions."""
    found: Mapping[str, object] = entry.content.get(_SHARED) or {}
    return found


def changes_since(moment: datetime) -> list[LedgerEntry]:
    """Return the editions that came into force since *moment* and changed something, newest first."""
    found = _entries().filter(at__gte=moment, content__has_key=IN_FORCE)
    return [each for each in found if each.content.get(PLAN)]


def plan_of(entry: LedgerEntry) -> list[Message]:
    """Return what an edition changes, as it was recorded: old → new, each on one line."""
    return [from_json(each) for each in entry.content.get(PLAN, ())]


def record_in_force(
    former: Edition | None,
    edition: Edition,
    rows_of: RowsOf,
    now: datetime,
    *,
    gate: Mapping[str, object] | None = None,
    shared: Mapping[str, object] | None = None,
) -> None:
    """Record that *edition* is in force, and have what it changes announced: once, by one worker.

    A restart is no new edition. *gate* is for workers that have no copy of it: see `RecordedReview.gate_of`.
    By *shared*, a node knows what was put back into the state database since: see `StateDatabase`.
    """
    change = change_of(former, edition, rows_of) if former is not None else EditionChange()
    content = {
        IN_FORCE: edition.design.document,
        "bindings": edition.bindings.digest,
        "clauses": len(edition.design.clauses),
        "unread": len(edition.design.unread),
        IS_COMPARED: former is not None,
        _GATE: dict(gate or {}),
        _SHARED: dict(shared or {}),
        **_effects(change),
    }
    with transaction.atomic():
        ledger.hold()
        newest = latest()
        if newest is not None and IN_FORCE in newest.content and names(newest) == edition.digests:
            return
        entry = _append(content, edition.design.digest, now, _let_in_by(newest, edition))
        if change.plan:
            told = announcements.changed(edition.design, change.plan, entry.sequence, now)
            alerts.tell([told], now, edition.design.digest)


def _let_in_by(newest: LedgerEntry | None, edition: Edition) -> str:
    """Return who confirmed, approved or signed *edition*, if *newest* says so; otherwise nobody is known."""
    is_let_in = newest is not None and (CONFIRMED in newest.content or SIGNED in newest.content)
    return newest.actor if newest is not None and is_let_in and names(newest) == edition.digests else "toban"


def record_refusal(former: Edition | None, refusal: EditionRefusal, rows_of: RowsOf, now: datetime) -> None:
    """Record that the current files are not in force, and why, and have it announced: once, by one worker."""
    content: dict[str, object] = {"reason": storable(refusal.reason).as_json()}
    digest, awaits = refusal.digest, refusal.awaits
    if awaits is None:
        content[REFUSED] = refusal.file
    else:
        change = change_of(former, awaits, rows_of) if former is not None else EditionChange()
        need = refusal.approval.as_json() if refusal.approval is not None else None
        content |= {WAITS: refusal.file, "bindings": awaits.bindings.digest, **_effects(change)}
        content[_APPROVAL] = need
        digest = awaits.design.digest
    with transaction.atomic():
        ledger.hold()
        newest, let_in_last = latest(), accepted(now)
        if newest is not None and _is_same(newest, content, digest):
            return
        if awaits is not None and let_in_last is not None and names(let_in_last) == awaits.digests:
            # Since this worker looked: by the next look it is in force here, too.
            return
        entry = _append(content, digest, now)
        if former is not None:
            told = announcements.held(former.design, refusal, entry.sequence, now)
            alerts.tell([told], now, former.design.digest)


def confirm(digests: tuple[str, str], *, by: str, now: datetime) -> LedgerEntry:
    """Record that *by* confirms the waiting edition with *digests*: it comes into force within seconds.

    Raises `NotPossible` if another edition waits by now, or none, or if it takes an approval.
    """
    with transaction.atomic():
        ledger.hold()
        found = waiting()
        if found is None or names(found) != digests:
            raise nothing_waits()
        require_no_approval(found)
        return let_in(found, by, now)


def require_no_approval(found: LedgerEntry) -> None:
    """Raise `NotPossible` if a confirmation is not enough for the waiting edition of *found*."""
    need = need_of(found)
    if need is not None:
        raise NotPossible(
            Message("editions.needs-approval", role=need.terms.role), Message("editions.answer-there")
        )


def let_in(
    found: LedgerEntry, by: str, now: datetime, *, until: datetime | None = None, **more: object
) -> LedgerEntry:
    """Record that people let the waiting edition of *found* come into force; the caller holds the ledger.

    From *until* on, it no longer counts if the edition has not come into force.
    """
    document, bindings = names(found)
    content = {CONFIRMED: found.content[WAITS], "bindings": bindings, "entry": found.sequence, **more}
    if until is not None:
        content[_UNTIL] = until.isoformat()
    return _append(content, document, now, by)


def record_signature(edition: Edition, signer: str, commit: str, now: datetime) -> None:
    """Record that a signed commit stands for the approval of *edition*, once."""
    content = {SIGNED: edition.design.document, "bindings": edition.bindings.digest, "commit": commit}
    with transaction.atomic():
        ledger.hold()
        known = _entries().filter(content__has_key=SIGNED, document_digest=edition.design.digest)
        if not any(each.content.get("commit") == commit for each in known):
            _append(content, edition.design.digest, now, signer[:150])


def nothing_waits() -> NotPossible:
    """Return why there is nothing to confirm: nothing waits, or no longer what was shown."""
    return NotPossible(Message("engine.nothing-waits"), Message("engine.see-status"))


def _effects(change: EditionChange) -> dict[str, object]:
    return {
        PLAN: [storable(each).as_json() for each in change.plan],
        ROWS: list(change.rows),
        TABLES: [[each.table, each.name] for each in change.tables],
        "stopped": [each.clause.id for each in change.stopped],
    }


def _entries() -> QuerySet[LedgerEntry]:
    return LedgerEntry.objects.filter(kind=LedgerEntry.Kind.DOCUMENT).order_by("-sequence")


def names(entry: LedgerEntry) -> tuple[str, str]:
    """Return the digests of the edition that *entry* is about."""
    return entry.document_digest, str(entry.content.get("bindings", ""))


def _is_same(entry: LedgerEntry, content: Mapping[str, object], digest: str) -> bool:
    """Return whether *entry* records the refusal in *content*: a restart does not refuse it again."""
    named = (WAITS, REFUSED, "bindings")
    is_about = [entry.content.get(key) for key in named] == [content.get(key) for key in named]
    needs = [bool(each.get(_APPROVAL)) for each in (entry.content, content)]
    return is_about and needs[0] is needs[1] and entry.document_digest == digest


def _append(content: Mapping[str, object], digest: str, now: datetime, by: str = "toban") -> LedgerEntry:
    record = ledger.Record(LedgerEntry.Kind.DOCUMENT, content, actor=by, document_digest=digest)
    (entry,) = ledger.append(record, now=now)
    return entry
