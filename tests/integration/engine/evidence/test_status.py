from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from toban.engine.evidence import current
from toban.engine.evidence.ledger import verify
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.evidence.status import StatusUpdate, hold_over, show
from toban.engine.evidence.verdict import Verdict
from toban.message import NOTHING, from_json, plain

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def update(
    at: datetime, verdict: Verdict = Verdict.CONFORMING, value: str = "42%", clause: str = "db"
) -> StatusUpdate:
    return StatusUpdate(clause, verdict, plain(value), NOTHING, at, proof={"samples": [42.0]})


def test_a_new_clause_is_shown_and_its_verdict_becomes_evidence() -> None:
    show([update(NOON)], NOON, "digest")

    status = ClauseStatus.objects.get()
    assert (status.verdict, str(status.value), status.since, status.revision) == (
        "conforming",
        "42%",
        NOON,
        1,
    )
    entry = LedgerEntry.objects.get()
    assert (entry.kind, entry.clause_id, entry.document_digest) == ("verdict", "db", "digest")
    assert entry.content["before"] is None
    assert entry.content["proof"] == {"samples": ["42.0"]}


def test_an_unchanged_verdict_keeps_its_start_and_adds_no_evidence() -> None:
    show([update(NOON)], NOON, "")
    show([update(NOON + SECOND, value="43%")], NOON + SECOND, "")

    status = ClauseStatus.objects.get()
    assert (str(status.value), status.since, status.revision) == ("43%", NOON, 2)
    assert LedgerEntry.objects.count() == 1


def test_a_new_verdict_starts_now_and_names_the_previous_one() -> None:
    show([update(NOON)], NOON, "")
    show([update(NOON + SECOND, Verdict.DEVIATING, "92%")], NOON + SECOND, "")

    assert ClauseStatus.objects.get().since == NOON + SECOND
    content = LedgerEntry.objects.get(sequence=2).content
    assert (content["before"], content["verdict"]) == ("conforming", "deviating")
    assert from_json(content["value"]) == plain("92%")
    assert verify().broken is None


def test_an_unchanged_status_costs_one_read_and_no_write() -> None:
    updates = [update(NOON, clause=f"row {number}") for number in range(50)]
    show(updates, NOON, "")

    with CaptureQueriesContext(
        connection,
    ) as queries:
        show([update(NOON + SECOND, clause=each.clause_id) for each in updates], NOON + SECOND, "")

    assert [query["sql"].split()[0] for query in queries] == ["SELECT"]


def test_an_unchanged_row_gets_a_new_observation_and_revision_after_a_minute() -> None:
    minute_later = NOON + timedelta(minutes=1)
    show([update(NOON)], NOON, "")
    show([update(minute_later)], minute_later, "")

    status = ClauseStatus.objects.get()
    assert (status.observed_at, status.since, status.revision) == (minute_later, NOON, 2)


def test_every_change_anywhere_gets_a_greater_revision() -> None:
    show([update(NOON, clause="a"), update(NOON, clause="b")], NOON, "")
    show([update(NOON, value="1%", clause="b")], NOON, "")

    changed = ClauseStatus.objects.filter(revision__gt=1)
    assert [status.clause_id for status in changed] == ["b"]


def test_the_last_of_two_updates_of_one_clause_counts() -> None:
    show([update(NOON), update(NOON, Verdict.WARNING, "75%")], NOON, "")

    assert ClauseStatus.objects.get().value == plain("75%")
    assert LedgerEntry.objects.count() == 1


def test_a_row_that_is_judged_again_after_a_gap_starts_anew_and_the_gap_is_evidence() -> None:
    later = NOON + timedelta(hours=1)
    show([update(NOON)], NOON, "")
    show([update(later)], later, "")

    assert ClauseStatus.objects.get().since == later
    content = LedgerEntry.objects.get(sequence=2).content
    assert (content["before"], content["verdict"]) == ("not-measurable", "conforming")


def test_an_old_observation_is_no_evidence_of_its_verdict() -> None:
    show([update(NOON)], NOON + timedelta(hours=1), "")
    show([update(NOON)], NOON + timedelta(hours=2), "")

    assert [entry.content["verdict"] for entry in LedgerEntry.objects.all()] == ["not-measurable"]


def test_a_row_that_went_out_of_date_is_among_the_changes_of_that_moment_only() -> None:
    show([update(NOON)], NOON, "")
    end = NOON + timedelta(minutes=4)

    found = [current.changes(1, at - SECOND, at) for at in (end - SECOND, end, end + SECOND)]

    assert [[status.verdict for status in some] for some in found] == [[], ["not-measurable"], []]


def test_a_page_that_connects_again_learns_what_is_out_of_date() -> None:
    show([update(NOON)], NOON, "")

    (status,) = current.changes(1, None, NOON + timedelta(days=1))

    assert (status.verdict, status.revision) == ("not-measurable", 1)


def test_what_held_at_the_last_look_holds_until_the_next_and_what_was_outdated_stays_so() -> None:
    show([update(NOON, clause="db"), update(NOON - timedelta(hours=2), clause="web")], NOON, "digest")

    hold_over(NOON, NOON + timedelta(hours=4))

    holding = ClauseStatus.objects.filter(holds_until__gte=NOON)
    assert list(holding.values_list("clause_id", "holds_until")) == [("db", NOON + timedelta(hours=4))]
