"""One human counts once, whatever accounts, deputies and delegates they have."""

from typing import Any

import pytest
from tests.integration.engine.approvals.conftest import (
    BINDINGS,
    HOUR,
    MONDAY,
    PAIR,
    account,
    asked,
    broken,
    edition_of,
    giver,
    refused,
)
from tests.integration.engine.approvals.test_answers import TWO, approve, deputy, on_duty

from toban.engine.approvals.answers import review
from toban.engine.approvals.delegations import delegate
from toban.engine.approvals.models import ApprovalAnswer, BreakGlass
from toban.engine.approvals.rules import RequestState
from toban.engine.approvals.telling import tell_all
from toban.engine.editions.edition import Edition
from toban.engine.notify.duty import overrides
from toban.engine.notify.models import DutyOverride
from toban.engine.people.models import Operator, OperatorRole

pytestmark = pytest.mark.django_db


@pytest.fixture
def second_account(edition: Edition) -> None:
    """佐藤 has another account, with the same name."""
    named = {"first_name": "次郎", "last_name": "佐藤"}
    Operator.objects.filter(username="sato").update(**named)
    Operator.objects.create_user("sato2", operator_role=OperatorRole.DEVELOPER, **named)


@pytest.mark.usefixtures("second_account")
def test_a_deputy_made_by_their_own_second_account_approves_delegates_and_reviews_nothing(
    edition: Edition,
) -> None:
    broken(edition, giver(on_duty(edition), has_proved=True))
    deputy("佐藤", edition, by="sato2")
    request = asked(edition, subject="release/8")

    assert "自分で自分を代理にした" in refused(approve, request, "sato", edition)
    assert "委任できません" in refused(
        delegate, "運用責任者", "山田", "会議", ends_at=MONDAY + HOUR, by=account("sato"),
        edition=edition, now=MONDAY,
    )  # fmt: skip
    assert "役割を担う人と運用責任者のアカウントだけ" in refused(
        review, BreakGlass.objects.get().pk, "妥当", by=giver("sato"), edition=edition, now=MONDAY
    )


@pytest.mark.usefixtures("second_account")
def test_whoever_ordered_does_not_choose_who_approves_by_a_second_account_either(edition: Edition) -> None:
    request = asked(edition, "sato")
    deputy("山田", edition, by="sato2")

    assert "依頼した人があなたを代理に" in refused(approve, request, "yamada", edition)


def test_whoever_ordered_is_the_same_human_after_their_account_was_deactivated(edition: Edition) -> None:
    name = on_duty(edition)
    second = edition_of(bindings=f'{BINDINGS}[people."別名"]\naccount = "second"\nslack = "U1"\n'.replace(
        f'account = "{name}"', f'account = "{name}"\nslack = "U1"'
    ))  # fmt: skip
    Operator.objects.create_user("second")
    request = asked(second, "second")
    Operator.objects.filter(username="second").update(is_active=False)

    assert "自分が依頼したこと" in refused(approve, request, name, second)


def test_an_address_with_a_plus_sign_is_the_same_mailbox(edition: Edition) -> None:
    name = on_duty(edition)
    Operator.objects.create_user("second", f"{name}+toban@example.com")

    assert "自分が依頼したこと" in refused(approve, asked(edition, "second"), name, edition)


def test_a_deputy_made_from_ones_own_shell_approves_nothing(edition: Edition) -> None:
    Operator.objects.filter(username="sato").update(username="sato@example.com")
    mailed = edition_of(bindings=BINDINGS.replace('"sato"', '"sato@example.com"'))
    request = asked(mailed)
    deputy("佐藤", mailed, by="sato")

    assert "自分で自分を代理にした" in refused(approve, request, "sato@example.com", mailed)


@pytest.fixture
def called_sato() -> None:
    """Two accounts are called like the user sato of the operating system; the other one was there first."""
    Operator.objects.filter(username="sato").update(username="was-sato")
    Operator.objects.create_user("sato", operator_role=OperatorRole.DEVELOPER)
    Operator.objects.filter(username="was-sato").update(username="sato@other.example.com")
    Operator.objects.create_user("sato@example.com", operator_role=OperatorRole.DEVELOPER)


LATER = BINDINGS.replace('"sato"', '"sato@example.com"')
LATER_PAIR = PAIR.replace('"sato"', '"sato@example.com"')


@pytest.mark.usefixtures("edition", "called_sato")
def test_a_deputy_made_from_a_shell_may_be_every_account_that_is_called_like_its_user() -> None:
    later = edition_of(bindings=LATER)
    request = asked(later)
    deputy("佐藤", later, by="sato")

    assert "自分で自分を代理にした" in refused(approve, request, "sato@example.com", later)
    assert "委任できません" in refused(
        delegate, "運用責任者", "山田", "会議", ends_at=MONDAY + HOUR, by=account("sato@example.com"),
        edition=later, now=MONDAY,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["sato", "sato@example.com", "sato@other.example.com"])
@pytest.mark.usefixtures("edition", "called_sato")
def test_whoever_ordered_chooses_no_approver_from_their_shell_by_whichever_account(name: str) -> None:
    later = edition_of(bindings=LATER)
    request = asked(later, name)
    deputy("山田", later, by="sato")

    assert "依頼した人があなたを代理にした" in refused(approve, request, "yamada", later)


@pytest.mark.usefixtures("edition", "called_sato")
def test_nobody_fills_a_second_place_with_a_deputy_they_made_in_a_shell() -> None:
    pair = edition_of(bindings=LATER_PAIR.replace('["鈴木"]', '["佐藤"]'))
    first, second = asked(pair, terms=TWO), asked(pair, subject="release/8", terms=TWO)
    approve(first, "sato@example.com", pair)
    deputy("山田", pair, by="sato")

    assert "あなたを代理にした人がすでに承認しています" in refused(approve, first, "yamada", pair)
    approve(second, "yamada", pair)
    overrides.end_override(DutyOverride.objects.get().pk, by="suzuki", now=MONDAY)
    assert "あなたが代理にした人がすでに承認しています" in refused(approve, second, "sato@example.com", pair)


@pytest.mark.usefixtures("edition")
def test_nobody_fills_a_second_place_with_a_deputy_they_made_and_anothers_name() -> None:
    pair = edition_of(bindings=PAIR)
    request = asked(pair, terms=TWO)
    approve(request, "suzuki", pair, via=ApprovalAnswer.Via.SHELL, shell_user="boss")
    deputy("佐藤", pair, by="boss")

    assert "あなたを代理にした人がすでに承認しています" in refused(approve, request, "sato", pair)


def test_whoever_ordered_does_not_approve_in_anothers_name_from_their_own_shell(edition: Edition) -> None:
    name, request = on_duty(edition), asked(edition, "sato")
    from_shell: dict[str, Any] = {"via": ApprovalAnswer.Via.SHELL}

    assert "自分が依頼したこと" in refused(approve, request, name, edition, shell_user="sato", **from_shell)
    assert approve(request, name, edition, shell_user="root", **from_shell).state == RequestState.GRANTED


@pytest.mark.parametrize(
    ("first", "second"),
    [(("tanaka", "tanaka"), ("suzuki", "tanaka")), (("suzuki", "tanaka"), ("tanaka", ""))],
)
@pytest.mark.usefixtures("edition")
def test_nobody_fills_a_second_place_in_anothers_name_from_their_own_shell(
    first: tuple[str, str], second: tuple[str, str]
) -> None:
    pair = edition_of(bindings=PAIR)
    request = asked(pair, terms=TWO)
    approve(request, first[0], pair, via=ApprovalAnswer.Via.SHELL, shell_user=first[1])

    assert "すでに承認しています" in refused(approve, request, second[0], pair, shell_user=second[1])


@pytest.mark.parametrize("second", ["tanaka", "yamada"])
@pytest.mark.usefixtures("edition")
def test_a_delegate_fills_the_place_of_the_delegator_for_good(second: str) -> None:
    pair = edition_of(bindings=PAIR)
    request = asked(pair, terms=TWO)
    for taker in ("佐藤", "山田"):
        delegate(
            "運用責任者", taker, "会議", ends_at=MONDAY + HOUR, by=account("tanaka"), edition=pair, now=MONDAY
        )
    approve(request, "sato", pair)

    assert "委任を受けた人がすでに承認しています" in refused(approve, request, second, pair)
    assert approve(request, "suzuki", pair).state == RequestState.GRANTED


@pytest.mark.usefixtures("edition")
def test_nobody_fills_a_second_place_with_a_deputy_they_made() -> None:
    pair = edition_of(bindings=PAIR)
    first, second = asked(pair, terms=TWO), asked(pair, subject="release/8", terms=TWO)
    approve(first, "tanaka", pair)
    deputy("佐藤", pair, by="tanaka")

    assert "あなたを代理にした人がすでに承認しています" in refused(approve, first, "sato", pair)
    approve(second, "sato", pair)
    overrides.end_override(DutyOverride.objects.get().pk, by="suzuki", now=MONDAY)
    assert "あなたが代理にした人がすでに承認しています" in refused(approve, second, "tanaka", pair)
    assert approve(second, "suzuki", pair).state == RequestState.GRANTED


@pytest.mark.parametrize("by", ["sato", "boss"])
def test_nobody_chooses_who_reviews_what_they_ordered_or_did_without_approval(
    edition: Edition, by: str
) -> None:
    broken(edition, giver("sato", has_proved=True), "boss")
    deputy("山田", edition, by=by)
    number = BreakGlass.objects.get().pk

    assert "役割を担う人と運用責任者のアカウントだけ" in refused(
        review, number, "妥当", by=giver("yamada"), edition=edition, now=MONDAY
    )
    deputy("山田", edition, by="tanaka")
    assert review(number, "妥当", by=giver("yamada"), edition=edition, now=MONDAY).reviewed_by == "yamada"


def _joined_to(account_name: str, bindings: str = BINDINGS) -> Edition:
    """Return the edition in which 田中 signs in with another account, which has no address of its own."""
    return edition_of(bindings=bindings.replace('account = "tanaka"', f'account = "{account_name}"'))


@pytest.fixture
def successor(edition: Edition) -> str:
    """Return the account with which tanaka signs in from now on; the old one has no address, either."""
    del edition
    Operator.objects.update(email="")
    return Operator.objects.create_user("tanaka2", operator_role=OperatorRole.MANAGER).username


def test_whoever_ordered_is_the_same_human_when_their_person_has_another_account(successor: str) -> None:
    before, after = edition_of(bindings=PAIR), _joined_to(successor, PAIR)
    request = asked(before, "tanaka")
    tell_all(before, MONDAY)

    assert "自分が依頼したこと" in refused(approve, request, successor, after)
    assert approve(request, "suzuki", after).state == RequestState.GRANTED


def test_nobody_fills_a_second_place_when_their_person_has_another_account(successor: str) -> None:
    before, after = edition_of(bindings=PAIR), _joined_to(successor, PAIR)
    request = asked(before, terms=TWO)
    approve(request, "tanaka", before)

    assert "すでに承認しています" in refused(approve, request, successor, after)
    assert approve(request, "suzuki", after).state == RequestState.GRANTED


def test_nobody_reviews_what_they_did_when_their_person_has_another_account(successor: str) -> None:
    before, after = edition_of(bindings=PAIR), _joined_to(successor, PAIR)
    broken(before, giver("tanaka", has_proved=True))
    number = BreakGlass.objects.get().pk

    said = refused(review, number, "妥当", by=giver(successor), edition=after, now=MONDAY + HOUR)
    assert "自分が承認なしで進めたこと" in said
    assert review(number, "妥当", by=giver("suzuki"), edition=after, now=MONDAY + HOUR).reviewed_at


def test_nobody_reviews_what_they_ordered_when_their_person_has_another_account(successor: str) -> None:
    before, after = edition_of(bindings=PAIR), _joined_to(successor, PAIR)
    asked(before, "tanaka")
    tell_all(before, MONDAY)
    broken(before, giver("sato", has_proved=True), "tanaka")
    number = BreakGlass.objects.get().pk

    said = refused(review, number, "妥当", by=giver(successor), edition=after, now=MONDAY + HOUR)
    assert "自分が依頼したこと" in said
