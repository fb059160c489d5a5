from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from toban.engine.evidence import ledger
from toban.engine.evidence.ledger import BrokenLink, LedgerHead, Record, append, verify
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.segments import START
from toban.message import Message

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


def records(count: int) -> list[Record]:
    return [Record(LedgerEntry.Kind.AUDIT, {"number": number}) for number in range(1, count + 1)]


def test_an_empty_ledger_is_valid() -> None:
    assert verify() == ledger.Verification(LedgerHead(0, START), None)


def test_entries_are_numbered_without_gaps() -> None:
    append(*records(2), now=NOON)
    third = append(Record(LedgerEntry.Kind.NOTICE, {}), now=NOON)[0]

    found = verify()

    assert [entry.sequence for entry in LedgerEntry.objects.order_by("sequence")] == [1, 2, 3]
    assert found.broken is None
    assert found.head == LedgerHead(3, third.digest)


def test_any_content_is_read_back_as_it_was_digested() -> None:
    content = {"ratio": 1e16, "words": "応答\0なし\ud800", "nested": [{"none": None, "is": True}, (1, 2.5)]}

    append(Record(LedgerEntry.Kind.VERDICT, content), now=NOON)

    assert verify().broken is None
    assert LedgerEntry.objects.get().content["ratio"] == "1e+16"


def test_content_that_is_not_json_is_refused() -> None:
    with pytest.raises(TypeError, match="object is no JSON value"):
        append(Record(LedgerEntry.Kind.AUDIT, {"what": object()}), now=NOON)


def test_a_rolled_back_transaction_leaves_no_gap() -> None:
    append(*records(1), now=NOON)
    with transaction.atomic():
        append(*records(1), now=NOON)
        transaction.set_rollback(True)

    append(*records(1), now=NOON)

    assert verify().broken is None
    assert verify().head.sequence == 2


def test_a_changed_entry_is_named() -> None:
    append(*records(3), now=NOON)
    LedgerEntry.objects.filter(sequence=2).update(content={"number": 20})

    assert verify().broken == BrokenLink(2, Message("evidence.entry-was-changed"))


def test_a_changed_entry_with_a_recomputed_digest_breaks_the_next_link() -> None:
    append(*records(3), now=NOON)
    forged = LedgerEntry.objects.get(sequence=2)
    forged.content = {"number": 20}
    forged.digest = ledger.digest_of(forged)
    forged.save()

    assert verify().broken == BrokenLink(3, Message("evidence.entry-is-not-linked"))


def test_a_removed_entry_is_named() -> None:
    append(*records(3), now=NOON)
    LedgerEntry.objects.filter(sequence=2).delete()

    assert verify().broken == BrokenLink(2, Message("evidence.entry-is-missing", number=2))


def test_the_removed_first_entry_is_named() -> None:
    append(*records(2), now=NOON)
    LedgerEntry.objects.filter(sequence=1).delete()

    assert verify().broken == BrokenLink(1, Message("evidence.entry-is-missing", number=1))


def test_reordered_entries_are_detected() -> None:
    append(*records(3), now=NOON)
    LedgerEntry.objects.filter(sequence=2).update(sequence=9)
    LedgerEntry.objects.filter(sequence=3).update(sequence=2)
    LedgerEntry.objects.filter(sequence=9).update(sequence=3)

    assert verify().broken == BrokenLink(2, Message("evidence.entry-is-not-linked"))


def test_entries_cut_off_at_the_end_are_detected_by_a_head_recorded_earlier() -> None:
    append(*records(3), now=NOON)
    noted = verify().head
    LedgerEntry.objects.filter(sequence=3).delete()

    assert verify().broken is None
    assert verify([noted]).broken == BrokenLink(3, Message("evidence.end-is-missing", last=3))


def test_a_rewritten_chain_is_detected_by_a_head_recorded_earlier() -> None:
    append(*records(2), now=NOON)
    noted = verify().head
    LedgerEntry.objects.all().delete()
    append(*records(1), Record(LedgerEntry.Kind.AUDIT, {"number": "another"}), now=NOON)

    assert verify().broken is None
    assert verify([noted]).broken == BrokenLink(2, Message("evidence.differs-from-noted-head"))


def test_a_head_recorded_earlier_is_still_valid_after_more_entries() -> None:
    append(*records(2), now=NOON)
    noted = verify().head
    append(*records(2), now=NOON)

    assert verify([noted]).broken is None


def test_made_up_entries_are_marked_within_their_digests_and_end_where_real_ones_begin() -> None:
    with ledger.made_up("demo"):
        append(*records(3), now=NOON)
    append(*records(2), now=NOON + timedelta(days=1))

    marks = [each.content.get(ledger.MADE_UP_BY) for each in LedgerEntry.objects.order_by("sequence")]
    assert marks == ["demo", "demo", "demo", None, None]
    assert verify().broken is None
    assert ledger.made_up_until() == NOON
    LedgerEntry.objects.filter(sequence=2).update(content={"number": 2})
    assert verify().broken is not None


def test_a_ledger_of_real_entries_is_made_up_until_never() -> None:
    assert ledger.made_up_until() is None
    append(*records(2), now=NOON)
    assert ledger.made_up_until() is None


def test_a_ledger_of_made_up_entries_alone_ends_with_the_last() -> None:
    with ledger.made_up("demo"):
        append(*records(2), now=NOON)
        append(*records(1), now=NOON + timedelta(days=1))

    assert ledger.made_up_until() == NOON + timedelta(days=1)
