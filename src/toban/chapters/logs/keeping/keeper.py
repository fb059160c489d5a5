"""Retention at work: whole days are deleted when the document says so, with daily proof in the evidence.

A day is first archived, if configured, and recorded before it is touched. After being killed at any moment,
the next step deletes the same days again, which is harmless, and proves it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

import structlog
from django.db import transaction
from django.db.models import Q

from toban.chapters.logs.keeping import report, retention
from toban.chapters.logs.keeping.archive import Archivist, NotArchived
from toban.chapters.logs.keeping.report import KindReport
from toban.chapters.logs.keeping.retention import DayDeletion, WaitReason
from toban.chapters.logs.keeping.undisturbed import PATIENCE, LockUnusable, StillDeleting, undisturbed
from toban.chapters.logs.models import Keeping, LegalHold
from toban.chapters.logs.pulling import puller as pulling
from toban.chapters.logs.rules import LogRules
from toban.design.values.duration import Duration, read_retention
from toban.engine.evidence import ledger, status
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.outside import ShippedEvidence
from toban.engine.notify import alerts
from toban.engine.orders import NotPossible
from toban.engine.registry.ports import Ports
from toban.engine.retention import KEPT_ELSEWHERE, CompanionRecords, Elsewhere
from toban.engine.telemetry.logs.days import DayPart, LogDays
from toban.engine.telemetry.store import StoreUnavailable, Telemetry
from toban.message import NOTHING, Message, message_of

FOREVER = "無期限"
"""How `Keeping.agreed` says that nothing may be deleted."""

_NOWHERE: Mapping[str, Elsewhere] = MappingProxyType({})

log = structlog.get_logger(__name__)


class Keeper:
    """Chapter 3's retention. One thread drives `step`; several processes may.

    *elsewhere* is data kept by a kind's row but deleted by other extensions: they ask `agreed_to`.
    """

    def __init__(self, days: LogDays, elsewhere: Mapping[str, Elsewhere] = _NOWHERE) -> None:
        self._days = days
        self._elsewhere = elsewhere

    def step(
        self,
        rules: LogRules,
        now: datetime,
        digest: str,
        archive: Archivist | None = None,
        outside: ShippedEvidence | None = None,
    ) -> None:
        """Delete what is due, prove it once a day, and show each kind's status.

        What *archive* takes is deleted only once it is archived. If archiving fails, a notification is sent
        and the data stays. *outside* is the state of the shipped audit log.
        """
        try:
            kept = [
                self._keep(kind, rules, found, now, digest, archive)
                for kind, found in self._stored(rules).items()
            ]
        except (StoreUnavailable, StillDeleting, LockUnusable) as away:
            status.show([*report.away(rules, message_of(away), now)], now, digest)
            return
        status.show([*report.statuses(rules, kept, now, outside, pulling.troubles(rules))], now, digest)
        alerts.report([*report.signals(rules, kept, now, outside)], now, digest)

    def look(self, rules: LogRules, now: datetime) -> Mapping[str, retention.RetentionDecision]:
        """Return what would be decided now, by kind; changes nothing. Raises `StoreUnavailable`."""
        return {
            kind: decided(kind, rules, found, now, self._beside(kind, rules, now))
            for kind, found in self._stored(rules).items()
        }

    def _stored(self, rules: LogRules) -> Mapping[str, Sequence[DayPart]]:
        """Return the days of each kind that the document names, also if there are none."""
        found: dict[str, list[DayPart]] = defaultdict(list)
        for part in self._days.parts():
            found[rules.kept_as(part.kind)].append(part)
        return {kind: found[kind] for kind in rules.kinds}

    def _beside(self, kind: str, rules: LogRules, now: datetime) -> Sequence[CompanionRecords]:
        """Return the data elsewhere that is due by the document, but not yet by the agreed retention."""
        elsewhere, written = self._elsewhere.get(kind), rules.retention(kind)
        if elsewhere is None or not isinstance(written, Duration):
            return ()
        kept, agreed = written.as_timedelta(), agreed_to(kind, rules)
        if agreed is not None and agreed <= kept:
            return ()
        return elsewhere(now - agreed if agreed is not None else None, now - kept)

    def _keep(
        self,
        kind: str,
        rules: LogRules,
        found: Sequence[DayPart],
        now: datetime,
        digest: str,
        archive: Archivist | None,
    ) -> KindReport:
        beside = self._beside(kind, rules, now)
        _agree_to_what_deletes_nothing(kind, rules, found, now, beside)
        decision = decided(kind, rules, found, now, beside)
        trouble = NOTHING
        for number, part in enumerate(decision.goes):
            why, trouble = self._let_go(kind, part, now, archive)
            if why is not None:
                # The following days would fail in the same way.
                decision = retention.kept_back(decision, number, why)
                break
        gone = set(decision.goes)
        stays = [part for part in found if part not in gone]
        self._prove(kind, rules, decision, stays, now, digest)
        return KindReport(kind, tuple(stays), decision, held_by(kind), trouble)

    def _let_go(
        self, kind: str, part: DayPart, now: datetime, archive: Archivist | None
    ) -> tuple[WaitReason | None, Message]:
        """Archive and delete a day, or return why it stays, with any error."""
        day, archived = part.day.isoformat(), ""
        if archive is not None and archive.takes(part):
            try:
                archived = archive.keep(part, now)
            except NotArchived as error:
                trouble = message_of(error)
                log.warning("log_day_not_archived", kind=kind, day=day, reason=trouble.as_json())
                return WaitReason.NOT_ARCHIVED, trouble
        if not (_note(kind, part, archived) and self._drop(kind, part)):
            return WaitReason.HELD, NOTHING
        log.info("log_day_deleted", kind=kind, day=day, rows=part.rows, archived=archived)
        return None, NOTHING

    def _drop(self, kind: str, part: DayPart) -> bool:
        """Delete a recorded day; say whether that was allowed."""
        with undisturbed():
            if held_by(kind):
                return False
            self._days.delete(part)
        return True

    def _prove(
        self,
        kind: str,
        rules: LogRules,
        decision: retention.RetentionDecision,
        stays: Sequence[DayPart],
        now: datetime,
        digest: str,
    ) -> None:
        today = now.astimezone(rules.zone).date()
        if Keeping.objects.filter(kind=kind, proven_on=today, going=[]).exists():
            return
        first = [part for part in stays if part.day == decision.oldest]
        oldest = min(filter(None, map(self._days.oldest, first)), default=None)
        with transaction.atomic():
            # Lock the ledger first: two workers must not prove the same deletion twice.
            ledger.hold()
            keeping = Keeping.objects.get(kind=kind)
            if keeping.proven_on == today and not keeping.going:
                return
            # A recorded day may not have been deleted: the store was unavailable, or there was a hold.
            noted = [DayDeletion(*each) for each in keeping.going]
            gone = [each for each in noted if not any(map(each.is_of, stays))]
            content = report.proof(rules.kinds[kind], gone, oldest, stays, decision.why)
            record = ledger.Record(
                LedgerEntry.Kind.PROOF, content, clause_id=rules.kinds[kind].id, document_digest=digest
            )
            ledger.append(record, now=now)
            keeping.proven_on, keeping.going = today, []
            keeping.save()


def decided(
    kind: str, rules: LogRules, found: Sequence[DayPart], now: datetime, beside: Sequence[CompanionRecords]
) -> retention.RetentionDecision:
    """Return the decision about one kind's days, and about what waits *beside* them."""
    today = now.astimezone(rules.zone).date()
    keeping = Keeping.objects.filter(kind=kind).first()
    agreed = read_retention(keeping.agreed) if keeping is not None else None
    return retention.decide(
        found,
        retention.first_kept(rules.retention(kind), today, rules.zone),
        retention.first_kept(agreed, today, rules.zone),
        is_held=held_by(kind) != "",
        beside=beside,
    )


def held_by(kind: str) -> str:
    """Return the reason for the legal hold on *kind*; empty without one."""
    hold = LegalHold.objects.filter(Q(kind=kind) | Q(kind=""), ended_at=None).first()
    return hold.reason if hold is not None else ""


def agreed_to(kind: str, rules: LogRules) -> timedelta | None:
    """Return the agreed retention of *kind*; None: for ever.

    If the document no longer names the kind, there is nothing to agree to: the last agreed retention stays in
    force. If there never was one, the retention is zero.
    """
    keeping = Keeping.objects.filter(kind=kind).first()
    if keeping is None and kind not in rules.kinds:
        return timedelta()
    agreed = read_retention(keeping.agreed) if keeping is not None else None
    return agreed.as_timedelta() if isinstance(agreed, Duration) else None


def agree(kind: str, rules: LogRules, *, by: str, now: datetime) -> str:
    """Agree to the document's retention of *kind*, and return it; raises `NotPossible`."""
    kept = _written(kind, rules)
    with transaction.atomic():
        now = ledger.turn(now)
        keeping, _ = Keeping.objects.get_or_create(kind=kind, defaults={"agreed": FOREVER})
        was, keeping.agreed = keeping.agreed, kept
        keeping.save()
        _audit("log-retention-agreed", by, now, kind=kind, was=was, agreed=kept)
    return kept


def hold(kind: str, reason: str, *, by: str, now: datetime, patience: timedelta = PATIENCE) -> LegalHold:
    """Keep all of *kind* (empty: of every kind) until `release`; raises `NotPossible` without a reason.

    Everything present when this returns stays. If a day is being deleted at that moment, this waits for it;
    after *patience* it raises `StillDeleting`, and there is no hold.
    """
    if not reason.strip():
        raise NotPossible(Message("logs.hold-needs-reason"), Message("logs.give-reason"))
    with undisturbed(patience), transaction.atomic():
        now = ledger.turn(now)
        made = LegalHold.objects.create(kind=kind, reason=reason.strip(), ordered_by=by, began_at=now)
        _audit("legal-hold", by, now, hold=made.pk, kind=kind, reason=made.reason)
    return made


def under_way(kind: str) -> Sequence[DayDeletion]:
    """Return the days of *kind* (empty: of every kind) that were recorded for deletion and not yet proven.

    Once a hold is acknowledged none of them is touched any more, except by a store that was sent the deletion
    and did not answer. Asking it what is there would not help: a stalled store that resumes answers that
    first, and deletes afterwards.
    """
    found = Keeping.objects.filter(kind=kind) if kind else Keeping.objects.order_by("kind")
    return [DayDeletion(*each) for keeping in found for each in keeping.going]


def release(number: int, *, by: str, now: datetime) -> LegalHold:
    """End a hold; raises `NotPossible`."""
    with transaction.atomic():
        now = ledger.turn(now)
        found = LegalHold.objects.filter(pk=number, ended_at=None).first()
        if found is None:
            raise NotPossible(
                Message("logs.no-such-hold", hold=number), Message("logs.list-shows-hold-numbers")
            )
        found.ended_at, found.ended_by = now, by
        found.save()
        _audit("legal-hold-released", by, now, hold=found.pk, kind=found.kind)
    return found


def not_in_document(kind: str, rules: LogRules) -> NotPossible:
    """Return the refusal of an order for a *kind* that the document does not name."""
    kinds = [each.name for each in rules.kinds.values()]
    known = Message("logs.kinds-of-document", kinds=kinds) if kinds else Message("logs.no-kinds-in-document")
    return NotPossible(Message("logs.kind-not-in-document", kind=kind), known)


def _written(kind: str, rules: LogRules) -> str:
    row = rules.kinds.get(kind)
    if row is None:
        raise not_in_document(kind, rules)
    return str(row.retention) if row.retention is not None else FOREVER


def _agree_to_what_deletes_nothing(
    kind: str, rules: LogRules, found: Sequence[DayPart], now: datetime, beside: Sequence[CompanionRecords]
) -> None:
    """Follow the document at once if that deletes nothing: retention is longer, or nothing is that old."""
    today = now.astimezone(rules.zone).date()
    written = retention.first_kept(rules.retention(kind), today, rules.zone)
    keeping = Keeping.objects.filter(kind=kind).first()
    agreed = retention.first_kept(read_retention(keeping.agreed) if keeping else None, today, rules.zone)
    waits = bool(beside) or (retention.is_shorter(written, agreed) and retention.older(found, written))
    wanted = (keeping.agreed if keeping else FOREVER) if waits else _written(kind, rules)
    if keeping is None or keeping.agreed != wanted:
        Keeping.objects.update_or_create(kind=kind, defaults={"agreed": wanted})


def _note(kind: str, part: DayPart, archived: str) -> bool:
    """Record a day before it is deleted; say whether it may be."""
    with transaction.atomic():
        ledger.hold()
        # Archiving takes long enough for a hold to be ordered in the meantime.
        if held_by(kind):
            return False
        keeping = Keeping.objects.get(kind=kind)
        if not any(DayDeletion(*each).is_of(part) for each in keeping.going):
            keeping.going.append(list(DayDeletion.of(part, archived)))
            keeping.save()
    return True


def _audit(event: str, by: str, now: datetime, **details: object) -> None:
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, {"event": event, **details}, actor=by), now=now)


def keeper_of(telemetry: Telemetry, ports: Ports) -> Keeper:
    """Return the keeper of the logs in *telemetry*, and of what *ports* keep by the same rows."""
    return Keeper(LogDays(telemetry), elsewhere(ports))


def elsewhere(ports: Ports) -> Mapping[str, Elsewhere]:
    """Return what other extensions keep by the rows of logs, by kind."""
    return {kind: found for offered in ports.all(KEPT_ELSEWHERE) for kind, found in offered.items()}
