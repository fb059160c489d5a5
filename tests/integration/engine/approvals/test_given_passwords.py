"""Whoever gave an account its password could sign in as it: for a while they stand behind what it does."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from allauth.mfa.models import Authenticator
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
from toban.engine.approvals.models import BreakGlass
from toban.engine.approvals.rules import RequestState
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.engine.people.access import own_from, setting_password
from toban.engine.people.first import give_password
from toban.engine.people.models import Operator
from toban.engine.tokens.models import ApiToken

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


def given(name: str, by: str, ago: timedelta = timedelta(0), *, is_told: bool = True) -> None:
    """Have the account *by* give *name* a one-time password; its owner is told of that at once, or not."""
    found, now = account(name), system_clock() - ago
    give_password(found, now, setting_password(account(by), now))
    found.password_told_at = now if is_told else None
    found.save()


def test_who_gave_a_password_does_not_approve_their_own_order_by_it(edition: Edition) -> None:
    name, request = on_duty(edition), asked(edition, "boss")
    given(name, "boss")

    assert "自分が依頼したこと" in refused(approve, request, name, edition)


def test_who_ordered_by_a_password_that_they_gave_does_not_approve_in_their_own_name(
    edition: Edition,
) -> None:
    name = on_duty(edition)
    given("yamada", name)

    request = asked(edition, orderers=giver("yamada").orderers)

    assert "自分が依頼したこと" in refused(approve, request, name, edition)


@pytest.mark.parametrize(("first", "second"), [("tanaka", "suzuki"), ("suzuki", "tanaka")])
@pytest.mark.usefixtures("edition")
def test_nobody_fills_a_second_place_by_a_password_that_they_gave(first: str, second: str) -> None:
    pair = edition_of(bindings=PAIR)
    request = asked(pair, terms=TWO)
    given("suzuki", "tanaka")
    approve(request, first, pair)

    assert "すでに承認しています" in refused(approve, request, second, pair)


@pytest.mark.usefixtures("edition")
def test_the_second_place_stays_filled_after_the_week() -> None:
    pair = edition_of(bindings=PAIR)
    request = asked(pair, terms=TWO)
    given("suzuki", "tanaka")
    approve(request, "suzuki", pair)
    since = system_clock() - WEEK
    Operator.objects.filter(username="suzuki").update(password_set_at=since, password_told_at=since)

    assert "すでに承認しています" in refused(approve, request, "tanaka", pair)


def test_after_a_week_the_account_is_its_owners_alone(edition: Edition) -> None:
    name, request = on_duty(edition), asked(edition, "boss")
    given(name, "boss", ago=WEEK)

    assert approve(request, name, edition).state == RequestState.GRANTED


@pytest.mark.parametrize("is_before", [True, False])
def test_a_second_factor_from_before_keeps_out_who_gave_the_password(
    edition: Edition, is_before: bool
) -> None:
    name, request = on_duty(edition), asked(edition, "boss")
    owner = account(name)
    Authenticator.objects.create(user=owner, type=Authenticator.Type.TOTP, data={})
    enrolled_at = system_clock() - HOUR * (2 if is_before else 0)
    Authenticator.objects.filter(user=owner).update(created_at=enrolled_at)
    given(name, "boss", ago=HOUR)

    if is_before:
        assert approve(request, name, edition).state == RequestState.GRANTED
    else:
        assert "自分が依頼したこと" in refused(approve, request, name, edition)


def test_a_second_factor_of_the_givers_own_keeps_nobody_out(edition: Edition) -> None:
    name, request = on_duty(edition), asked(edition, "boss")
    given(name, "boss", ago=2 * HOUR)
    Authenticator.objects.create(user=account(name), type=Authenticator.Type.TOTP, data={})
    Authenticator.objects.update(created_at=system_clock() - HOUR)

    given(name, "boss")

    assert "自分が依頼したこと" in refused(approve, request, name, edition)


def test_whoever_gives_a_password_after_another_is_alone_behind_it(edition: Edition) -> None:
    name, request, other = on_duty(edition), asked(edition, "boss"), asked(edition, "sato", subject="run/8")
    given(name, "boss")
    given(name, "sato")

    assert approve(request, name, edition).state == RequestState.GRANTED
    assert "自分が依頼したこと" in refused(approve, other, name, edition)


def test_an_account_whose_owner_was_not_told_counts_as_the_givers_for_good(edition: Edition) -> None:
    name, request = on_duty(edition), asked(edition, "boss")
    given(name, "boss", ago=50 * WEEK, is_told=False)

    with pytest.raises(NotPossible) as told:
        approve(request, name, edition)

    assert f"「{name}」のパスワードを boss が発行" in str(told.value.said)
    assert "[people]" in str(told.value.hint)


def test_an_account_that_nobody_else_knows_of_orders_nothing_for_who_made_it(edition: Edition) -> None:
    name = on_duty(edition)
    Operator.objects.create_user("ghost", operator_role="manager")
    given("ghost", name, ago=50 * WEEK, is_told=False)

    request = asked(edition, orderers=giver("ghost").orderers, ordered_by="ghost")

    said = refused(approve, request, name, edition)
    assert said.startswith("アカウント「ghost」のパスワードは自分が発行")


def test_who_gave_the_giver_their_password_is_behind_it_too(edition: Edition) -> None:
    name, request = on_duty(edition), asked(edition, "sato")
    given("boss", "sato")
    given(name, "boss")

    assert "自分が依頼したこと" in refused(approve, request, name, edition)


@pytest.mark.parametrize(("breaker", "reviewer"), [("sato", "boss"), ("boss", "sato")])
def test_nobody_reviews_what_they_did_by_a_password_that_they_gave(
    edition: Edition, breaker: str, reviewer: str
) -> None:
    Operator.objects.update(operator_role="manager")
    given("sato", "boss")
    broken(edition, giver(breaker, has_proved=True))

    assert "自分が承認なしで進めたこと" in refused(
        review, BreakGlass.objects.get().pk, "妥当", by=giver(reviewer), edition=edition, now=MONDAY
    )


def _delegated(edition: Edition, **more: Any) -> None:
    until = MONDAY + HOUR
    by = account(on_duty(edition))
    delegate("運用責任者", "佐藤", "会議", ends_at=until, by=by, edition=edition, now=MONDAY, **more)


def test_whoever_ordered_does_not_delegate_in_anothers_name_from_their_shell(edition: Edition) -> None:
    request = asked(edition, "boss")
    _delegated(edition, shell_user="boss")

    assert "依頼した人があなたを代理に" in refused(approve, request, "sato", edition)


def test_whoever_ordered_does_not_delegate_by_a_password_that_they_gave(edition: Edition) -> None:
    request = asked(edition, "boss")
    given(on_duty(edition), "boss")
    _delegated(edition)

    assert "依頼した人があなたを代理に" in refused(approve, request, "sato", edition)


@pytest.mark.usefixtures("edition")
def test_nobody_fills_a_second_place_by_a_delegate_they_chose_from_their_shell() -> None:
    pair = edition_of(bindings=PAIR)
    request = asked(pair, terms=TWO)
    delegate(
        "運用責任者", "佐藤", "会議", ends_at=MONDAY + HOUR, by=account("tanaka"), edition=pair, now=MONDAY,
        shell_user="suzuki",
    )  # fmt: skip
    approve(request, "suzuki", pair)

    assert "あなたを代理にした人がすでに承認しています" in refused(approve, request, "sato", pair)


def test_a_shared_shell_says_nothing_about_a_delegation(edition: Edition) -> None:
    assert "root" not in BINDINGS
    request = asked(edition, "boss")
    _delegated(edition, shell_user="root")

    assert approve(request, "sato", edition).state == RequestState.GRANTED


def test_nobody_chooses_a_deputy_by_a_password_that_they_gave(edition: Edition) -> None:
    ordered, other = asked(edition, "boss"), asked(edition, subject="release/8")
    given("suzuki", "boss")
    deputy("佐藤", edition, by="suzuki")

    assert "依頼した人があなたを代理に" in refused(approve, ordered, "sato", edition)
    assert approve(other, "sato", edition).state == RequestState.GRANTED


def _until(name: str) -> str:
    until = own_from(account(name))
    assert until is not None
    return f"{until.astimezone(ZoneInfo('Asia/Tokyo')):%Y-%m-%d %H:%M}"


def test_its_owner_is_told_what_is_so_until_when_and_the_way_out(edition: Edition) -> None:
    name, request = on_duty(edition), asked(edition, "boss")
    given(name, "boss")

    with pytest.raises(NotPossible) as told:
        approve(request, name, edition)

    said, hint = str(told.value.said), str(told.value.hint)
    assert f"「{name}」のパスワードを boss が発行" in said
    assert "自分が依頼したこと" in said
    assert _until(name) in said
    assert _until(name) in hint
    assert "別の人に依頼" in hint


def test_what_its_owner_has_done_is_said_without_the_password(edition: Edition) -> None:
    name = on_duty(edition)
    given(name, "boss")
    request = asked(edition, name)

    assert refused(approve, request, name, edition).startswith("自分が依頼したこと")


@pytest.mark.usefixtures("edition")
def test_its_owner_has_not_approved_what_the_giver_has() -> None:
    pair = edition_of(bindings=PAIR)
    request = asked(pair, terms=TWO)
    given("suzuki", "tanaka")
    approve(request, "tanaka", pair)

    said = refused(approve, request, "suzuki", pair)
    assert said.startswith("アカウント「suzuki」のパスワードを tanaka が発行")


@pytest.mark.usefixtures("edition")
def test_the_giver_has_not_approved_what_its_owner_has_and_is_told_why_it_counts() -> None:
    pair = edition_of(bindings=PAIR)
    request = asked(pair, terms=TWO)
    given("suzuki", "tanaka")
    approve(request, "suzuki", pair)

    said = refused(approve, request, "tanaka", pair)
    assert said.startswith("アカウント「suzuki」のパスワードは自分が発行")


def test_the_giver_is_told_that_its_owner_ordered_it(edition: Edition) -> None:
    name = on_duty(edition)
    given("yamada", name)
    theirs = asked(edition, ordered_by="yamada", orderers=giver("yamada").orderers)
    own = asked(edition, name, subject="run/8")

    assert refused(approve, theirs, name, edition).startswith("アカウント「yamada」のパスワードは自分が発行")
    assert refused(approve, own, name, edition).startswith("自分が依頼したこと")


def test_the_giver_is_told_that_its_owner_broke_the_glass(edition: Edition) -> None:
    Operator.objects.update(operator_role="manager")
    given("sato", "boss")
    broken(edition, giver("sato", has_proved=True))

    number = BreakGlass.objects.get().pk
    said = refused(review, number, "妥当", by=giver("boss"), edition=edition, now=MONDAY)
    assert said.startswith("アカウント「sato」のパスワードは自分が発行")


def test_its_owner_did_not_break_the_glass_that_the_giver_broke(edition: Edition) -> None:
    Operator.objects.update(operator_role="manager")
    given("sato", "boss")
    broken(edition, giver("boss", has_proved=True))

    number = BreakGlass.objects.get().pk
    said = refused(review, number, "妥当", by=giver("sato"), edition=edition, now=MONDAY)
    assert said.startswith("アカウント「sato」のパスワードを boss が発行")


def test_a_token_from_that_week_counts_as_the_givers_for_as_long_as_it_counts(edition: Edition) -> None:
    name, request = on_duty(edition), asked(edition, "boss")
    given(name, "boss", ago=WEEK)
    owner, now = account(name), system_clock()
    token = ApiToken.objects.create(
        operator=owner,
        name="ci",
        scopes=["act:approvals"],
        made_at=now - WEEK + HOUR,
        ends_at=now + HOUR,
        lockouts=owner.lockouts,
    )

    assert "のパスワードを boss が発行" in refused(approve, request, name, edition)
    token.delete()
    assert approve(request, name, edition).state == RequestState.GRANTED
