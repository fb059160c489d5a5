"""The current status of every clause, and the verdicts that become evidence when they change."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import Max, Min

from toban.engine.evidence import ledger
from toban.engine.evidence.current import LATE, as_of
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.evidence.verdict import AGELESS, Verdict
from toban.engine.message_field import storable
from toban.message import Message

FRESH = timedelta(minutes=1)
"""An unchanged status is rewritten only this often, so that pages can say when it was last observed."""

RENEWED = timedelta(minutes=2)
"""Chapters judge their rows about once a minute, and `FRESH` leaves out a renewal in between."""

_JUDGED = (
    Verdict.DEVIATING,
    Verdict.NOT_PERFORMED,
    Verdict.WARNING,
    Verdict.NOT_MEASURABLE,
    Verdict.BETWEEN,
    Verdict.CONFORMING,
)
"""The verdicts on a row that is bound."""


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """What a chapter has found about one clause."""

    clause_id: str
    verdict: Verdict
    value: Message
    """The live value: `42.1%`."""
    reason: Message
    """The reason, or how to fix it."""
    observed_at: datetime
    next_due: datetime | None = None
    proof: Mapping[str, object] | None = None
    """JSON values that an auditor can check: the measurements, the receipt."""
    every: timedelta = RENEWED
    """How far apart the row's judgements may lie; a shorter time counts as `RENEWED`."""

    @property
    def holds_until(self) -> datetime | None:
        """When the judgement is out of date if no other follows; None if it does not age.

        What has a due time is true until then: of a daily backup nothing new can be said before the next.
        """
        if self.verdict in AGELESS:
            return None
        renewed = self.observed_at + max(self.every, RENEWED)
        return max(renewed, self.next_due or renewed) + LATE


class StatusChange(StrEnum):
    """How an update differs from what is shown."""

    NONE = "none"
    FRESHER = "fresher"
    """The same, observed again."""
    DETAIL = "detail"
    """Another value, reason or due time under the same verdict."""
    VERDICT = "verdict"


def change(shown: ClauseStatus | None, update: StatusUpdate, now: datetime) -> StatusChange:
    """Return how *update* differs from what is *shown* at *now*."""
    if shown is None or as_of(shown, now).verdict != as_of(_row(shown, update, now), now).verdict:
        return StatusChange.VERDICT
    said = update.verdict, storable(update.value), storable(update.reason), update.next_due
    if (shown.verdict, shown.value, shown.reason, shown.next_due) != said:
        return StatusChange.DETAIL
    # ">=": a tick landing exactly on the minute must not wait for the next. "abs": clocks may be set back.
    if shown.observed_at is None or abs(update.observed_at - shown.observed_at) >= FRESH:
        return StatusChange.FRESHER
    return StatusChange.NONE


def show(updates: Collection[StatusUpdate], now: datetime, document_digest: str) -> None:
    """Show *updates*, in the caller's transaction (or one of its own); repeating the same updates is cheap.

    Nothing is written for unchanged clauses. A changed verdict goes into the ledger with its figure and
    proof. Revisions grow in the order of commits: a page that knows a revision misses no earlier change.
    """
    by_id = {update.clause_id: update for update in updates}
    if not _changes(by_id.values(), now):
        return
    with transaction.atomic(savepoint=False):
        # Held until the commit: otherwise a lower revision could become visible after a higher one.
        ledger.hold()
        # Read again: another process may have written while this one waited.
        changed = _changes(by_id.values(), now)
        latest = ClauseStatus.objects.aggregate(latest=Max("revision"))["latest"] or 0
        rows = [_row(shown, update, now, latest + 1) for shown, update, _ in changed]
        ClauseStatus.objects.bulk_create(
            rows,
            batch_size=100,
            update_conflicts=True,
            unique_fields=["clause_id"],
            update_fields=[
                "verdict",
                "since",
                "value",
                "reason",
                "observed_at",
                "next_due",
                "holds_until",
                "revision",
            ],
        )
        verdicts = [
            _record(shown, update, document_digest, now)
            for shown, update, how in changed
            if how is StatusChange.VERDICT
        ]
        if verdicts:
            ledger.append(*verdicts, now=now)


def hold_over(since: datetime, until: datetime) -> None:
    """Let what held at *since* hold until *until*: whoever replays knows that no judgement changed meanwhile.

    Whatever is judged live is renewed by its chapter instead.
    """
    ClauseStatus.objects.filter(holds_until__gte=since, holds_until__lt=until).update(holds_until=until)


def show_again(clause_id: str) -> None:
    """Have pages show the row again, in the caller's transaction, which holds the ledger."""
    latest = ClauseStatus.objects.aggregate(latest=Max("revision"))["latest"] or 0
    ClauseStatus.objects.filter(clause_id=clause_id).update(revision=latest + 1)


def judged_since(clause_ids: Collection[str]) -> Mapping[str, datetime]:
    """Return when each clause was first judged: before, its row may have been unbound.

    A clause that never was judged is left out.
    """
    first = LedgerEntry.objects.filter(
        kind=LedgerEntry.Kind.VERDICT, clause_id__in=clause_ids, content__verdict__in=_JUDGED
    )
    return dict(first.values_list("clause_id").annotate(Min("at")))


def _changes(
    updates: Collection[StatusUpdate], now: datetime
) -> list[tuple[ClauseStatus | None, StatusUpdate, StatusChange]]:
    """Return each update that differs, with the status as it was written last."""
    shown = ClauseStatus.objects.in_bulk([update.clause_id for update in updates])
    pairs = [(shown.get(update.clause_id), update) for update in updates]
    found = [(status, update, change(status, update, now)) for status, update in pairs]
    return [each for each in found if each[2] is not StatusChange.NONE]


def _row(shown: ClauseStatus | None, update: StatusUpdate, now: datetime, revision: int = 0) -> ClauseStatus:
    lasts = shown is not None and as_of(shown, now).verdict == update.verdict
    return ClauseStatus(
        clause_id=update.clause_id,
        verdict=update.verdict,
        since=shown.since if shown is not None and lasts else now,
        value=update.value,
        reason=update.reason,
        observed_at=update.observed_at,
        next_due=update.next_due,
        holds_until=update.holds_until,
        revision=revision,
    )


def _record(
    shown: ClauseStatus | None, update: StatusUpdate, document_digest: str, now: datetime
) -> ledger.Record:
    said = as_of(_row(shown, update, now), now)
    content = {
        "verdict": said.verdict,
        "before": None if shown is None else as_of(shown, now).verdict,
        "value": storable(said.value).as_json(),
        "reason": storable(said.reason).as_json(),
        "observed_at": update.observed_at.astimezone(UTC).isoformat(),
        "proof": dict(update.proof or {}),
    }
    return ledger.Record(
        LedgerEntry.Kind.VERDICT, content, clause_id=update.clause_id, document_digest=document_digest
    )
