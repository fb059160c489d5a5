"""Whether a new version needs approval, and whether a signature stands for it."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.editions.gate.bindings import DocumentBinding
from toban.engine.editions.gate.rules import is_new, terms_of, why_guarded
from toban.message import NOTHING, Message, plain

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("written", "can_others_write", "needs"),
    [(None, False, False), (None, True, True), (True, False, True), (False, True, False)],
)
def test_it_takes_approval_where_it_is_written_or_where_others_can_write(
    written: bool | None, can_others_write: bool, needs: bool
) -> None:
    writers = plain("others") if can_others_write else NOTHING

    assert bool(why_guarded(written, writers)) is needs


def test_the_operations_manager_approves_unless_the_bindings_name_a_role() -> None:
    week = timedelta(days=7)
    two = DocumentBinding(role="CTO", approvers=2)
    assert terms_of(DocumentBinding(), "運用責任者", unknown=NOTHING) == ApprovalTerms("運用責任者", 1, week)
    assert terms_of(two, "運用責任者", unknown=NOTHING) == ApprovalTerms("CTO", 2, week)


@pytest.mark.parametrize(("approvers", "people"), [(1, 2), (2, 2), (3, 3)])
def test_two_people_approve_what_nobody_knows_who_wrote(approvers: int, people: int) -> None:
    unknown = Message("editions.in-no-commit")
    assert terms_of(DocumentBinding(approvers=approvers), "運用責任者", unknown=unknown).people == people


@pytest.mark.parametrize(
    ("committed_at", "counts"),
    [
        (NOON, False),
        (NOON + MINUTE, True),
        (NOON - MINUTE, False),
        (NOON + 6 * MINUTE, True),
        (NOON + 6 * MINUTE + timedelta(seconds=1), False),
    ],
)
def test_a_signature_counts_if_it_is_newer_than_the_version_in_force_and_not_from_the_future(
    committed_at: datetime, counts: bool
) -> None:
    assert is_new(committed_at, since=NOON, now=NOON + 5 * MINUTE) is counts
