"""Open pages hear of rows that go out of date, though nobody writes anything, and of what people do."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.db import connections

from toban.engine.evidence import ledger
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.evidence.status import StatusUpdate, show
from toban.engine.evidence.verdict import Verdict
from toban.faces.ingest.hub import Hub, News
from toban.faces.ingest.metrics import StateCollector
from toban.message import NOTHING, plain

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def first_news(clock: Callable[[], datetime]) -> News | None:
    """Return the first news of a hub that looks at the state a hundred times a second."""
    ours = connections["default"]

    def refresh() -> tuple[str, str]:
        # Django does not close a thread's own connection to an in-memory database.
        connections["default"] = ours
        return "digest", ""

    async def listening() -> News | None:
        hub = Hub(refresh, every=0.01, clock=clock)
        await asyncio.to_thread(hub.start)
        try:
            async with asyncio.timeout(20):
                return await anext(hub.listen())
        finally:
            hub.stop()
            hub.join()

    ours.inc_thread_sharing()
    try:
        return asyncio.run(listening())
    finally:
        ours.dec_thread_sharing()


@pytest.mark.django_db(transaction=True)
def test_a_row_turns_over_on_open_pages_without_a_write_of_a_worker() -> None:
    show([StatusUpdate("db", Verdict.CONFORMING, plain("42%"), NOTHING, NOON)], NOON, "")
    times = iter([NOON, NOON + MINUTE, NOON + 3 * MINUTE])

    news = first_news(lambda: next(times, NOON + 5 * MINUTE))

    assert news is not None
    assert [(status.clause_id, status.verdict) for status in news.statuses] == [("db", "not-measurable")]
    assert news.revision == ClauseStatus.objects.get().revision


@pytest.mark.django_db
def test_metrics_count_a_row_that_is_out_of_date_as_not_measurable() -> None:
    show([StatusUpdate("db", Verdict.CONFORMING, plain("42%"), NOTHING, NOON)], NOON, "")

    clauses = next(iter(StateCollector().collect()))

    assert [(each.labels, each.value) for each in clauses.samples] == [({"verdict": "not-measurable"}, 1)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("kind", "is_news"), [(LedgerEntry.Kind.AUDIT, True), (LedgerEntry.Kind.PROOF, False)]
)
def test_pages_with_orders_hear_of_acts_and_of_nothing_else_that_evidence_records(
    kind: LedgerEntry.Kind, is_news: bool
) -> None:
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, {"order": "before"}), now=NOON)
    looks = count()

    def clock() -> datetime:
        if (look := next(looks)) == 0:  # the hub is made
            return NOON
        # At each look: nobody may be listening yet at the first.
        ledger.append(ledger.Record(kind, {"order": "now"}), now=NOON)
        if look > 20:
            value = plain(f"{look}%")
            show([StatusUpdate("db", Verdict.CONFORMING, value, NOTHING, NOON)], NOON, "")
        return NOON

    news = first_news(clock)

    assert news is not None
    assert (news.has_acts, news.is_renewed, bool(news.statuses)) == (is_news, False, not is_news)
