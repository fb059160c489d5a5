"""An answer waits for others to be carried out: what they ended meanwhile gives no right any more.

The time of an answer is read before it waits; here, it is one that others have left behind.
"""

from datetime import timedelta

import pytest
from tests.integration.engine.approvals.conftest import (
    HOUR,
    MONDAY,
    account,
    asked,
    broken,
    giver,
    refused,
)
from tests.integration.engine.approvals.test_answers import approve, deputy, on_duty

from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.answering import approve as answered
from toban.engine.approvals.answers import review
from toban.engine.approvals.delegations import delegate
from toban.engine.approvals.models import BreakGlass, Delegation
from toban.engine.approvals.rules import RequestState
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.duty import overrides
from toban.engine.notify.models import DutyOverride

pytestmark = pytest.mark.django_db

MEANWHILE = MONDAY + timedelta(seconds=2)


class Follows:
    """What follows from an answer: nothing."""

    kind = "release"
    needs_shell_for_emergencies = False
    is_answered_by_api = False

    def settle(self, *_: object) -> None:
        """Do nothing."""


def relieved(edition: Edition) -> None:
    """Make 佐藤 a deputy, and end that while something waits."""
    deputy("佐藤", edition, by="tanaka")
    overrides.end_override(DutyOverride.objects.get().pk, by="tanaka", now=MEANWHILE)


def test_a_deputy_who_was_relieved_meanwhile_approves_nothing(edition: Edition) -> None:
    request = asked(edition)
    relieved(edition)
    order = AnswerOrder(request.pk, request.digest, giver("sato"), edition, "見ました")

    assert "いま運用責任者を担っていません" in refused(answered, order, (Follows(),), MONDAY)
    request.refresh_from_db()
    assert request.state == RequestState.OPEN


def test_a_deputy_who_was_relieved_meanwhile_delegates_nothing(edition: Edition) -> None:
    relieved(edition)

    assert "委任できません" in refused(
        delegate, "運用責任者", "山田", "会議", ends_at=MONDAY + HOUR, by=account("sato"),
        edition=edition, now=MONDAY,
    )  # fmt: skip
    assert not Delegation.objects.exists()


def test_a_deputy_who_was_relieved_meanwhile_reviews_nothing(edition: Edition) -> None:
    broken(edition, giver("suzuki", has_proved=True))
    relieved(edition)
    number = BreakGlass.objects.get().pk

    assert refused(review, number, "妥当", by=giver("sato"), edition=edition, now=MONDAY)
    assert BreakGlass.objects.get().reviewed_at is None


def test_an_answer_counts_from_the_moment_of_its_turn(edition: Edition) -> None:
    request, name = asked(edition), on_duty(edition)
    # Somebody else's order, which was carried out meanwhile.
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, {"order": "x"}), now=MEANWHILE)
    order = AnswerOrder(request.pk, request.digest, giver(name), edition, "見ました")

    assert answered(order, (Follows(),), MONDAY).decided_at == MEANWHILE


def test_a_clock_that_was_set_back_holds_nobody_up(edition: Edition) -> None:
    """What was written an hour ahead was not written while an answer waited."""
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, {"order": "x"}), now=MONDAY + HOUR)

    assert ledger.turn(MONDAY) == MONDAY
    assert approve(asked(edition), on_duty(edition), edition).decided_at == MONDAY
