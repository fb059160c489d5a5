"""What people order about exceptions, and what is refused."""

from dataclasses import replace

import pytest
from tests.integration.engine.exceptions.conftest import (
    BINDINGS,
    DAY,
    DOCUMENT,
    NOON,
    ROW,
    account,
    answer,
    asked,
    edition_of,
    granted,
)

from toban.engine.approvals import answering
from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.exceptions import service
from toban.engine.exceptions.models import RowException
from toban.engine.exceptions.rules import ExceptionState
from toban.engine.exceptions.standing import by_row, in_force
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator

pytestmark = pytest.mark.django_db


def orders() -> list[tuple[str, str]]:
    """What the audit log says was ordered, and by whom."""
    audits = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT).order_by("sequence")
    return [(each.content["order"], each.actor) for each in audits]


def refused(code: str, edition: Edition, **more: object) -> None:
    with pytest.raises(NotPossible) as caught:
        asked(edition, **more)  # type: ignore[arg-type]
    assert caught.value.said.code == f"exceptions.{code}"


def test_who_asked_by_a_password_that_they_gave_does_not_approve_it_after_another_password(
    edition: Edition,
) -> None:
    Operator.objects.filter(username="sato").update(
        password_set_at=system_clock(), password_setters=[account("tanaka").pk]
    )
    found = asked(edition)
    Operator.objects.filter(username="sato").update(password_setters=[account("boss").pk])
    # It is asked again, of another version.
    changed = edition_of(DOCUMENT + "\n追記\n")
    found = RowException.objects.get(pk=found.pk)
    service.ask_approval(found, changed, NOON)

    with pytest.raises(NotPossible) as refusal:
        service.approve(answer(found, "tanaka"), changed, NOON)

    assert refusal.value.said.code == "approvals.own-order"


def test_an_exception_covers_nothing_until_another_person_has_approved_it(edition: Edition) -> None:
    found = asked(edition)
    assert (found.state(NOON), in_force(NOON)) == (ExceptionState.ASKED, [])

    service.approve(answer(found, "tanaka", "了解"), edition, NOON)

    (allowed,) = by_row(NOON)[ROW]
    assert (allowed.author, allowed.reason) == ("sato", "交換待ち")
    assert RowException.objects.get().granted_by == "tanaka"
    assert orders() == [("ask-exception", "sato"), ("approve", "tanaka"), ("grant-exception", "tanaka")]
    assert ledger.verify().broken is None


@pytest.mark.parametrize(
    ("name", "code"),
    [("tanaka", "approvals.own-order"), ("sato", "approvals.does-not-hold-role")],
)
def test_nobody_approves_their_own_or_without_the_role(edition: Edition, name: str, code: str) -> None:
    found = asked(edition, by="tanaka")

    with pytest.raises(NotPossible) as caught:
        service.approve(answer(found, name), edition, NOON)

    assert caught.value.said.code == code
    assert not in_force(NOON)
    assert RowException.objects.get().granted_at is None


def test_an_approval_of_something_else_than_was_shown_does_not_count(edition: Edition) -> None:
    found = asked(edition)

    with pytest.raises(NotPossible) as caught:
        service.approve(replace(answer(found, "tanaka"), shown="0" * 64), edition, NOON)

    assert caught.value.said.code == "approvals.not-what-was-shown"


def test_an_approval_can_not_be_used_again(edition: Edition) -> None:
    found = asked(edition)
    first = answer(found, "tanaka")
    service.approve(first, edition, NOON)
    service.end(found.pk, by=account("sato"), edition=edition, now=NOON)

    with pytest.raises(NotPossible):
        service.approve(first, edition, NOON)

    assert not in_force(NOON)


def test_a_holder_who_has_lost_the_role_between_asking_and_answering_may_not_approve(
    edition: Edition,
) -> None:
    found = asked(edition)
    given = answer(found, "tanaka")
    Operator.objects.filter(username="tanaka").update(is_active=False)

    with pytest.raises(NotPossible):
        service.approve(given, edition, NOON)

    assert not in_force(NOON)


def test_an_exception_that_was_over_before_its_approval_is_not_granted(edition: Edition) -> None:
    found = asked(edition, ends_at=NOON + DAY)

    with pytest.raises(NotPossible) as caught:
        service.approve(answer(found, "tanaka"), edition, NOON + DAY)

    assert caught.value.said.code == "exceptions.over-before-approval"


def test_what_can_not_be_asked_for_is_refused(edition: Edition) -> None:
    refused("may-not-order", edition, by="yamada")
    refused("no-such-row", edition, clause_id="monitoring/monitor/none")
    refused("end-missing", edition, ends_at=None)
    refused("too-long", edition, ends_at=NOON + 366 * DAY)
    Operator.objects.filter(username="sato").update(is_active=False)
    refused("may-not-order", edition)

    assert not RowException.objects.exists()
    assert not ApprovalRequest.objects.exists()
    assert orders() == []


def test_nothing_goes_ahead_without_approval_in_an_emergency(edition: Edition) -> None:
    found = asked(edition)
    shown = answer(found, "tanaka").shown
    number = ApprovalRequest.objects.get().pk
    by = Giver(account("tanaka"), has_proved=True)

    with pytest.raises(NotPossible) as caught:
        answering.break_glass(AnswerOrder(number, shown, by, edition, "緊急"), (service.EFFECT,), NOON)

    assert caught.value.said.code == "exceptions.no-emergency"
    assert not in_force(NOON)
    assert ApprovalRequest.objects.get().state == "open"


def test_the_longest_time_is_set_in_the_bindings(edition: Edition) -> None:
    shorter = edition_of(bindings=f'{BINDINGS}[exceptions]\nlongest = "10日"\n')

    refused("too-long", shorter, ends_at=NOON + 11 * DAY)
    assert asked(shorter, ends_at=NOON + 10 * DAY)


def test_one_row_and_subject_has_one_exception_at_a_time(edition: Edition) -> None:
    asked(edition, subject="db-1")
    refused("asked-already", edition, subject="db-1")
    granted(edition, subject="db-2")
    refused("in-force-already", edition, subject="db-2")

    assert {each.subject for each in in_force(NOON)} == {"db-2"}


def test_a_refusal_needs_a_reason_and_ends_the_request(edition: Edition) -> None:
    found = asked(edition)
    with pytest.raises(NotPossible):
        service.refuse(answer(found, "tanaka"), edition, NOON)

    service.refuse(answer(found, "tanaka", "直してください"), edition, NOON)

    found.refresh_from_db()
    assert found.state(NOON) is ExceptionState.REJECTED
    assert str(found.ended_because) == "却下: 直してください"
    assert orders()[1:] == [("refuse", "tanaka"), ("end-exception", "tanaka")]


def test_a_renewal_needs_its_own_approval_and_then_ends_the_one_before(edition: Edition) -> None:
    first = granted(edition)

    second = service.renew(
        first.pk, "部品の遅れ", ends_at=NOON + 60 * DAY, by=account("sato"), edition=edition, now=NOON + DAY
    )
    assert [each.number for each in in_force(NOON + DAY)] == [first.pk]
    service.approve(answer(second, "tanaka"), edition, NOON + 2 * DAY)

    first.refresh_from_db()
    assert [each.number for each in in_force(NOON + 2 * DAY)] == [second.pk]
    assert (first.state(NOON + 2 * DAY), first.ended_at) == (ExceptionState.ENDED, NOON + 2 * DAY)
    with pytest.raises(NotPossible) as caught:
        service.renew(
            first.pk, "再び", ends_at=NOON + 70 * DAY, by=account("sato"), edition=edition, now=NOON
        )
    assert caught.value.said.code == "exceptions.renewed-already"


def test_who_asked_for_an_exception_does_not_approve_its_renewal(edition: Edition) -> None:
    both = '[duty."運用責任者"]\nlayers = [{people = ["運用責任者"]}, {people = ["佐藤"]}]\n'
    edition = edition_of(bindings=both + BINDINGS)
    first = granted(edition)
    renewal = service.renew(
        first.pk, "遅れ", ends_at=NOON + 60 * DAY, by=account("kimura"), edition=edition, now=NOON
    )

    with pytest.raises(NotPossible) as caught:
        service.approve(answer(renewal, "sato"), edition, NOON)

    assert caught.value.said.code == "approvals.own-order"
    assert service.approve(answer(renewal, "tanaka"), edition, NOON).granted_at == NOON


def test_a_renewal_ends_later_and_not_beyond_the_longest_time(edition: Edition) -> None:
    found = granted(edition)

    for ends_at, code in (
        (found.ends_at, "not-later"),
        (NOON + 366 * DAY, "too-long"),
        (None, "end-missing"),
    ):
        with pytest.raises(NotPossible) as caught:
            service.renew(found.pk, "遅れ", ends_at=ends_at, by=account("sato"), edition=edition, now=NOON)
        assert caught.value.said.code == f"exceptions.{code}"


@pytest.mark.parametrize("name", ["sato", "tanaka", "boss"])
def test_its_author_those_who_grant_and_managers_end_an_exception(edition: Edition, name: str) -> None:
    found = granted(edition)

    service.end(found.pk, by=account(name), edition=edition, now=NOON)

    assert not in_force(NOON)
    assert orders()[-1] == ("end-exception", name)


@pytest.mark.parametrize("name", ["kimura", "yamada"])
def test_nobody_else_ends_an_exception(edition: Edition, name: str) -> None:
    found = granted(edition)

    with pytest.raises(NotPossible):
        service.end(found.pk, by=account(name), edition=edition, now=NOON)

    assert in_force(NOON)


def test_an_approval_under_another_edition_is_asked_for_again(edition: Edition) -> None:
    found = asked(edition)
    given = answer(found, "tanaka")
    changed = edition_of(document=DOCUMENT + "追記\n")

    with pytest.raises(NotPossible) as caught:
        service.approve(given, changed, NOON)

    assert caught.value.said.code == "approvals.has-changed"
