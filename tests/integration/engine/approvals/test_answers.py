"""Who may approve what, and every way around it that should be closed."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.integration.engine.approvals.conftest import (
    BINDINGS,
    DOCUMENT,
    HOUR,
    MONDAY,
    PAIR,
    account,
    asked,
    edition_of,
    giver,
    refused,
    subject,
)

from toban.engine.approvals.answers import Giver, grant, refuse
from toban.engine.approvals.delegations import delegate, end_delegation, end_lost
from toban.engine.approvals.holders import accounts_holding
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest, Delegation
from toban.engine.approvals.requests import request_for
from toban.engine.approvals.rules import ApprovalTerms, RequestState
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.duty import overrides
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator

pytestmark = pytest.mark.django_db

TWO = ApprovalTerms("運用責任者", people=2)
WEEK = timedelta(days=7)


def on_duty(edition: Edition, at: datetime = MONDAY) -> str:
    (found,) = accounts_holding(edition, "運用責任者", at)
    return found.username


def off_duty(edition: Edition) -> str:
    return {"tanaka": "suzuki", "suzuki": "tanaka"}[on_duty(edition)]


def approve(
    request: ApprovalRequest, name: str, edition: Edition, at: datetime = MONDAY, **more: Any
) -> ApprovalRequest:
    shown = more.pop("shown", request.digest)
    return grant(request.pk, "見ました", shown=shown, by=giver(name, **more), edition=edition, now=at)


def deputy(person: str, edition: Edition, by: str) -> None:
    overrides.override(
        "運用責任者", person, "出張", starts_at=MONDAY, ends_at=MONDAY + 3 * HOUR, by=by, now=MONDAY,
        design=edition.design, bindings=edition.bindings,
    )  # fmt: skip


def test_the_person_on_duty_approves_and_it_is_evidence(edition: Edition) -> None:
    request = approve(asked(edition), name := on_duty(edition), edition)

    assert (request.state, request.decided_at) == (RequestState.GRANTED, MONDAY)
    entry = LedgerEntry.objects.get(content__order="approve")
    assert (entry.actor, entry.content["digest"], entry.content["said"]) == (name, request.digest, "見ました")
    assert entry.content["release"] == 7


@pytest.mark.parametrize("name", ["boss", "sato", "yamada"])
def test_neither_managers_nor_anybody_else_approve_without_the_role(edition: Edition, name: str) -> None:
    assert "いま運用責任者を担っていません" in refused(approve, asked(edition), name, edition)


def test_the_role_counts_at_the_moment_of_the_answer_not_of_the_question(edition: Edition) -> None:
    request = asked(edition, terms=ApprovalTerms("運用責任者", within=2 * WEEK))
    before, after = on_duty(edition), off_duty(edition)

    assert "担っていません" in refused(approve, request, before, edition, MONDAY + WEEK)
    assert approve(request, after, edition, MONDAY + WEEK).state == RequestState.GRANTED


def test_a_deputy_approves_instead_of_the_person_whose_turn_it_is(edition: Edition) -> None:
    usual, request = on_duty(edition), asked(edition)
    deputy("佐藤", edition, by=usual)

    assert "担っていません" in refused(approve, request, usual, edition)
    assert approve(request, "sato", edition).state == RequestState.GRANTED


def test_a_self_made_deputy_approves_nothing(edition: Edition) -> None:
    request = asked(edition)
    deputy("佐藤", edition, by="sato")

    assert "自分で自分を代理にした" in refused(approve, request, "sato", edition)


def test_whoever_ordered_does_not_choose_who_approves(edition: Edition) -> None:
    request = asked(edition, "boss")
    deputy("佐藤", edition, by="boss")

    assert "依頼した人があなたを代理に" in refused(approve, request, "sato", edition)


def test_nobody_approves_their_own_order(edition: Edition) -> None:
    name = on_duty(edition)

    assert "自分が依頼したこと" in refused(approve, asked(edition, name), name, edition)


def test_nor_does_one_of_several_who_ordered_it(edition: Edition) -> None:
    name = on_duty(edition)

    assert "自分が依頼したこと" in refused(approve, asked(edition, "sato", name), name, edition)


def test_a_renamed_account_is_still_the_one_that_ordered(edition: Edition) -> None:
    name = on_duty(edition)
    request = asked(edition, name)
    Operator.objects.filter(username=name).update(username="other")
    renamed = edition_of(bindings=BINDINGS.replace(f'"{name}"', '"other"'))

    assert "自分が依頼したこと" in refused(approve, request, "other", renamed)


@pytest.mark.parametrize("mark", ["email", "name"])
def test_an_order_from_a_second_account_is_still_ones_own(edition: Edition, mark: str) -> None:
    name = on_duty(edition)
    second = Operator.objects.create_user("second")
    person = {"tanaka": "田中", "suzuki": "鈴木"}[name]
    if mark == "email":
        Operator.objects.filter(pk=second.pk).update(email=f"{name}@example.com".upper())
    else:
        Operator.objects.filter(pk=second.pk).update(last_name=person)
        Operator.objects.filter(username=name).update(last_name=person)

    assert "自分が依頼したこと" in refused(approve, asked(edition, "second"), name, edition)


def test_one_human_with_two_accounts_is_not_two_people(edition: Edition) -> None:
    # Two people hold the role at once; both names are joined to accounts of the same human.
    bindings = """
[duty."運用責任者"]
layers = [{people = ["甲"]}, {people = ["乙"]}]
[people."甲"]
account = "tanaka"
slack = "U0123"
[people."乙"]
account = "suzuki"
slack = "U0123"
"""
    both = edition_of(bindings=bindings)
    request = asked(both, terms=TWO)
    approve(request, "tanaka", both)

    assert "すでに承認しています" in refused(approve, request, "suzuki", both)
    request.refresh_from_db()
    assert request.state == RequestState.OPEN


@pytest.fixture
def pair() -> Edition:
    """Two people who hold the role at once."""
    return edition_of(bindings=PAIR)


def test_two_people_must_approve_and_neither_counts_twice(edition: Edition, pair: Edition) -> None:
    request = asked(pair, terms=TWO)

    assert approve(request, "tanaka", pair).state == RequestState.OPEN
    assert "すでに承認しています" in refused(approve, request, "tanaka", pair)
    assert approve(request, "suzuki", pair, MONDAY + HOUR).state == RequestState.GRANTED


def test_the_orderer_is_not_one_of_the_two(edition: Edition, pair: Edition) -> None:
    request = asked(pair, "suzuki", terms=TWO)
    approve(request, "tanaka", pair)

    assert "自分が依頼したこと" in refused(approve, request, "suzuki", pair)


def test_a_delegation_ends_with_the_person_it_was_given_to(edition: Edition) -> None:
    request, giving = asked(edition), account(on_duty(edition))
    delegate("運用責任者", "佐藤", "会議", ends_at=MONDAY + HOUR, by=giving, edition=edition, now=MONDAY)
    left = edition_of(bindings=BINDINGS.replace('account = "sato"\n', ""))

    assert "担っていません" in refused(approve, request, "sato", left)
    end_lost(left, MONDAY)
    assert "担っていません" in refused(approve, request, "sato", edition), "it does not come back"


def test_the_approval_of_an_account_deactivated_since_does_not_count(edition: Edition, pair: Edition) -> None:
    request = asked(pair, terms=TWO)
    approve(request, "tanaka", pair)
    Operator.objects.filter(username="tanaka").update(is_active=False)

    assert approve(request, "suzuki", pair).state == RequestState.OPEN


def test_an_answer_from_before_a_lock_out_does_not_count_after_it(edition: Edition, pair: Edition) -> None:
    request = asked(pair, terms=TWO)
    approve(request, "tanaka", pair)
    # Locked out because somebody else had the session, and let in again with another password.
    Operator.objects.filter(username="tanaka").update(lockouts=1)

    assert approve(request, "suzuki", pair).state == RequestState.OPEN
    assert approve(request, "tanaka", pair).state == RequestState.GRANTED


@pytest.mark.parametrize("change", [{"is_active": False}, {"lockouts": 1}])
def test_what_was_approved_is_asked_again_if_who_approved_is_locked_out_before_it_begins(
    edition: Edition, change: dict[str, Any]
) -> None:
    request = approve(asked(edition), name := on_duty(edition), edition)
    Operator.objects.filter(username=name).update(**change)

    again = request_for(subject(edition), MONDAY)

    assert (again.pk == request.pk, again.state) == (False, RequestState.OPEN)


def test_a_deactivated_account_answers_nothing_even_on_a_page_opened_before(edition: Edition) -> None:
    by, request = giver(on_duty(edition)), asked(edition)
    Operator.objects.filter(pk=by.account.pk if by.account else 0).update(is_active=False)

    said = refused(grant, request.pk, "", shown=request.digest, by=by, edition=edition, now=MONDAY)

    assert "ないか、無効です" in said


def test_an_account_that_was_removed_answers_nothing(edition: Edition) -> None:
    by, request = giver(on_duty(edition)), asked(edition)
    Operator.objects.filter(pk=by.account.pk if by.account else 0).delete()

    assert "ないか、無効です" in refused(
        grant, request.pk, "", shown=request.digest, by=by, edition=edition, now=MONDAY
    )


def test_an_answer_to_something_else_is_no_answer(edition: Edition) -> None:
    shown = asked(edition).digest
    changed = request_for(subject(edition, content={"version": "1.2.4"}), MONDAY)

    assert "いまの内容が違います" in refused(approve, changed, on_duty(edition), edition, shown=shown)
    assert ApprovalRequest.objects.get(digest=shown).state == RequestState.SUPERSEDED


@pytest.mark.parametrize(
    ("document", "bindings"),
    [(DOCUMENT + "\n追記\n", BINDINGS), (DOCUMENT, BINDINGS + '[system]\nname = "本番"\n')],
)
def test_what_was_asked_before_an_edit_can_not_be_answered_after_it(
    edition: Edition, document: str, bindings: str
) -> None:
    request, edited = asked(edition), edition_of(document, bindings)

    assert "文書か接続表が変わりました" in refused(approve, request, on_duty(edition), edited)


def test_a_change_of_who_is_told_asks_nothing_again(edition: Edition) -> None:
    told = edition_of(bindings=BINDINGS + '[people."伊藤"]\nemail = "ito@example.com"\n')

    assert approve(asked(edition), on_duty(edition), told).state == RequestState.GRANTED


def test_an_approval_is_used_for_what_was_approved_and_within_its_time(edition: Edition) -> None:
    request = approve(asked(edition), on_duty(edition), edition, MONDAY + 23 * HOUR)
    same = subject(edition)

    assert request_for(same, MONDAY + 46 * HOUR).pk == request.pk
    assert request_for(same, MONDAY + 47 * HOUR).state == RequestState.OPEN
    request.refresh_from_db()
    assert request.state == RequestState.SUPERSEDED


def test_an_approval_does_not_cover_what_changed_after_it(edition: Edition) -> None:
    approve(asked(edition), on_duty(edition), edition)

    assert request_for(subject(edition, content={"version": "1.2.4"}), MONDAY).state == RequestState.OPEN


def test_whoever_has_come_to_order_it_does_not_approve_it(edition: Edition) -> None:
    name = on_duty(edition)
    before = asked(edition, "sato")

    after = asked(edition, "sato", name)

    assert (after.pk == before.pk, after.state) == (False, RequestState.OPEN)
    assert "自分が依頼したこと" in refused(approve, after, name, edition)


def test_what_was_approved_is_asked_again_if_who_approved_has_come_to_order_it(edition: Edition) -> None:
    name = on_duty(edition)
    granted = approve(asked(edition, "sato"), name, edition)
    assert asked(edition, "sato").pk == granted.pk

    assert asked(edition, name).state == RequestState.OPEN


def test_a_request_can_not_be_answered_from_the_moment_it_expires(edition: Edition) -> None:
    request, name = asked(edition), on_duty(edition)

    assert "期限が過ぎています" in refused(approve, request, name, edition, MONDAY + 24 * HOUR)
    assert approve(request, name, edition, MONDAY + 24 * HOUR - timedelta(seconds=1))


def test_an_answer_is_not_repeated(edition: Edition) -> None:
    request, name = asked(edition), on_duty(edition)
    approve(request, name, edition)

    assert "すでに承認されています" in refused(approve, request, name, edition)
    assert ApprovalAnswer.objects.count() == 1


def test_a_refusal_is_final_and_needs_a_reason(edition: Edition) -> None:
    request, by = asked(edition), giver(on_duty(edition))
    arguments: dict[str, Any] = {"shown": request.digest, "by": by, "edition": edition, "now": MONDAY}

    assert "理由がありません" in refused(refuse, request.pk, " ", **arguments)
    assert refuse(request.pk, "まだ早い", **arguments).state == RequestState.REFUSED
    assert "すでに却下されています" in refused(approve, request, on_duty(edition), edition)


def test_what_can_not_be_undone_needs_a_fresh_proof_of_identity(edition: Edition) -> None:
    request = asked(edition, terms=ApprovalTerms("運用責任者", is_irreversible=True))
    name = on_duty(edition)

    assert "もう一度本人確認が必要です" in refused(approve, request, name, edition)
    assert approve(request, name, edition, has_proved=True).state == RequestState.GRANTED


def test_somebody_in_a_shell_without_an_account_approves_nothing(edition: Edition) -> None:
    request, shell = asked(edition), Giver(None, ApprovalAnswer.Via.SHELL, "root")

    said = refused(grant, request.pk, "", shown=request.digest, by=shell, edition=edition, now=MONDAY)

    assert "だれとして承認するか" in said


def given(
    edition: Edition, taker: str = "佐藤", at: datetime = MONDAY, length: timedelta = HOUR
) -> Delegation:
    by = account(on_duty(edition))
    return delegate("運用責任者", taker, "会議", ends_at=at + length, by=by, edition=edition, now=at)


def test_a_delegate_approves_until_the_end_and_the_evidence_names_both(edition: Edition) -> None:
    request = asked(edition)
    given(edition)

    assert "担っていません" in refused(approve, request, "sato", edition, MONDAY + HOUR)
    assert approve(request, "sato", edition, MONDAY + HOUR / 2).state == RequestState.GRANTED
    content = LedgerEntry.objects.get(content__order="approve").content
    giver_person = {"tanaka": "田中", "suzuki": "鈴木"}[on_duty(edition)]
    assert (content["person"], content["delegated_by"]) == ("佐藤", giver_person)


def test_an_ended_delegation_counts_no_more(edition: Edition) -> None:
    made, request = given(edition), asked(edition)

    assert "終わらせることはできません" in refused(end_delegation, made.pk, by=account("yamada"), now=MONDAY)
    end_delegation(made.pk, by=account(on_duty(edition)), now=MONDAY)

    assert "担っていません" in refused(approve, request, "sato", edition)


def test_a_delegation_ends_when_its_giver_loses_the_role_and_does_not_revive(edition: Edition) -> None:
    made = given(edition, length=3 * WEEK)
    request = asked(edition, terms=ApprovalTerms("運用責任者", within=4 * WEEK))
    # Refused at once, whether or not a worker has noticed.
    assert "担っていません" in refused(approve, request, "sato", edition, MONDAY + WEEK)

    end_lost(edition, MONDAY + WEEK)

    made.refresh_from_db()
    assert "役割を離れた" in str(made.ended_because)
    assert "担っていません" in refused(approve, request, "sato", edition, MONDAY + 2 * WEEK)
    assert LedgerEntry.objects.filter(content__order="end-delegation", actor="toban").exists()


def test_a_delegation_from_before_a_lock_out_of_its_giver_is_over(edition: Edition) -> None:
    given(edition)
    # Somebody else had the session and chose who approves; the owner has got another password since.
    Operator.objects.filter(username=on_duty(edition)).update(lockouts=1)

    assert "担っていません" in refused(approve, asked(edition), "sato", edition)
    end_lost(edition, MONDAY)
    assert Delegation.objects.get().ended_because.code == "approvals.giver-locked-out"


def test_what_a_delegate_approved_is_asked_again_if_the_giver_is_locked_out_before_it_begins(
    edition: Edition,
) -> None:
    given(edition)
    request = approve(asked(edition), "sato", edition)
    Operator.objects.filter(username=on_duty(edition)).update(lockouts=1)

    assert request_for(subject(edition), MONDAY).pk != request.pk


@pytest.mark.parametrize("change", [{"is_active": False}, {"lockouts": 1}])
def test_a_deputy_ends_with_the_account_that_made_them_one(edition: Edition, change: dict[str, Any]) -> None:
    request = asked(edition)
    deputy("佐藤", edition, by="boss")
    Operator.objects.filter(username="boss").update(**change)

    assert "担っていません" in refused(approve, request, "sato", edition)
    assert approve(request, on_duty(edition), edition).state == RequestState.GRANTED


def test_what_a_deputy_approved_is_asked_again_if_who_made_them_one_is_locked_out_before_it_begins(
    edition: Edition,
) -> None:
    deputy("佐藤", edition, by="boss")
    request = approve(asked(edition), "sato", edition)
    assert request_for(subject(edition), MONDAY).pk == request.pk
    Operator.objects.filter(username="boss").update(lockouts=1)

    assert request_for(subject(edition), MONDAY).pk != request.pk


def test_only_who_holds_the_role_delegates_it(edition: Edition) -> None:
    arguments = {"ends_at": MONDAY + HOUR, "edition": edition, "now": MONDAY}
    given(edition)

    for name in (off_duty(edition), "sato", "boss"):
        said = refused(delegate, "運用責任者", "山田", "会議", by=account(name), **arguments)
        assert "委任できません" in said


def test_a_self_made_deputy_delegates_nothing(edition: Edition) -> None:
    deputy("佐藤", edition, by="sato")

    said = refused(
        delegate,
        "運用責任者",
        "山田",
        "会議",
        ends_at=MONDAY + HOUR,
        by=account("sato"),
        edition=edition,
        now=MONDAY,
    )

    assert "委任できません" in said


@pytest.mark.parametrize(
    ("length", "reason", "taker", "why"),
    [
        (None, "会議", "佐藤", "終わりの時刻が必要"),
        (timedelta(0), "会議", "佐藤", "終わりの時刻が必要"),
        (timedelta(days=32), "会議", "佐藤", "31日まで"),
        (HOUR, "  ", "佐藤", "理由がありません"),
        (HOUR, "会議", "だれか", "有効なアカウントが結び付いていません"),
    ],
)
def test_a_delegation_needs_an_end_a_reason_and_an_account(
    edition: Edition, length: timedelta | None, reason: str, taker: str, why: str
) -> None:
    end = MONDAY + length if length is not None else None

    assert why in refused(
        delegate,
        "運用責任者",
        taker,
        reason,
        ends_at=end,
        by=account(on_duty(edition)),
        edition=edition,
        now=MONDAY,
    )


def test_nobody_delegates_to_themselves(edition: Edition) -> None:
    person = {"tanaka": "田中", "suzuki": "鈴木"}[on_duty(edition)]

    with pytest.raises(NotPossible, match="自分自身には"):
        given(edition, person)


def test_whoever_ordered_does_not_approve_through_a_delegate(edition: Edition) -> None:
    request = asked(edition, on_duty(edition))
    given(edition)

    assert "依頼した人から委任されている" in refused(approve, request, "sato", edition)


def test_a_delegate_and_the_delegator_are_not_two_people(edition: Edition, pair: Edition) -> None:
    request = asked(pair, terms=TWO)
    delegate(
        "運用責任者", "佐藤", "会議", ends_at=MONDAY + HOUR, by=account("tanaka"), edition=pair, now=MONDAY
    )
    approve(request, "tanaka", pair)

    assert "委任した人がすでに承認しています" in refused(approve, request, "sato", pair)
