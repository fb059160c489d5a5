"""What goes ahead without approval in an emergency, and who reviews it."""

from datetime import datetime
from typing import Any

import pytest
from tests.integration.engine.approvals.conftest import HOUR, MONDAY, account, broken, giver, refused, subject
from tests.integration.engine.approvals.test_answers import deputy

from toban.engine.approvals.answers import Giver, review
from toban.engine.approvals.models import ApprovalAnswer, BreakGlass
from toban.engine.approvals.requests import request_for
from toban.engine.approvals.rules import RequestState
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.models import Alert
from toban.engine.notify.orders import acknowledge, acknowledge_all
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole

pytestmark = pytest.mark.django_db


def test_in_an_emergency_it_goes_ahead_at_once_with_an_alert_until_somebody_else_has_reviewed_it(
    edition: Edition,
) -> None:
    request = broken(edition, giver("sato", has_proved=True), "sato")

    assert request.state == RequestState.BROKEN_GLASS
    assert request_for(subject(edition, "sato"), MONDAY).state == RequestState.BROKEN_GLASS
    alert = Alert.objects.get(resolved_at=None)
    assert (alert.condition, str(alert.value)) == ("critical", "sato が承認なしで進めました: 本番が停止中")
    assert {"運用責任者", "佐藤"} <= set(alert.people)

    review(BreakGlass.objects.get().pk, "妥当", by=giver("boss"), edition=edition, now=MONDAY + HOUR)

    assert not Alert.objects.filter(resolved_at=None).exists()
    orders = (
        LedgerEntry.objects.filter(kind="audit").order_by("sequence").values_list("content__order", "actor")
    )
    assert list(orders) == [("break-glass", "sato"), ("review-break-glass", "boss")]


@pytest.mark.parametrize("change", [{"is_active": False}, {"lockouts": 1}])
def test_what_goes_ahead_is_asked_again_if_who_broke_the_glass_is_locked_out_before_it_begins(
    edition: Edition, change: dict[str, Any]
) -> None:
    request = broken(edition, giver("sato", has_proved=True))
    Operator.objects.filter(username="sato").update(**change)

    again = request_for(subject(edition), MONDAY)

    assert (again.pk == request.pk, again.state) == (False, RequestState.OPEN)


def test_what_a_shell_without_an_account_broke_goes_ahead(edition: Edition) -> None:
    request = broken(edition, Giver(None, ApprovalAnswer.Via.SHELL, "root"))

    assert request_for(subject(edition), MONDAY).pk == request.pk


def test_nobody_becomes_a_reviewer_by_a_deputy_whom_they_made(edition: Edition) -> None:
    broken(edition, giver("tanaka", has_proved=True))
    deputy("山田", edition, by="sato")
    by = giver("yamada", via=ApprovalAnswer.Via.SHELL, shell_user="sato")

    assert "役割を担う人と運用責任者のアカウントだけ" in refused(
        review, BreakGlass.objects.get().pk, "妥当", by=by, edition=edition, now=MONDAY
    )


@pytest.mark.parametrize(
    ("by", "more", "why"),
    [
        ("yamada", {}, "閲覧者は"),
        ("sato", {"reason": " "}, "理由がありません"),
        ("sato", {"shown": "0" * 64}, "いまの内容が違います"),
    ],
)
def test_the_glass_is_not_broken_by_viewers_nor_without_reason_nor_unseen(
    edition: Edition, by: str, more: dict[str, str], why: str
) -> None:
    assert why in refused(broken, edition, giver(by, has_proved=True), **more)


def test_breaking_the_glass_on_the_page_needs_a_fresh_proof_of_identity(edition: Edition) -> None:
    assert "もう一度本人確認が必要です" in refused(broken, edition, giver("sato"))


def test_a_shell_breaks_the_glass_without_an_account_and_is_named(edition: Edition) -> None:
    broken(edition, Giver(None, ApprovalAnswer.Via.SHELL, "root"))

    entry = LedgerEntry.objects.get(content__order="break-glass")
    assert (entry.actor, entry.content["via"]) == ("shell:root", "shell")


@pytest.mark.parametrize(
    ("by", "why"),
    [
        ("sato", "自分が承認なしで進めたこと"),
        ("suzuki", "自分が依頼したこと"),
        ("yamada", "役割を担う人と運用責任者のアカウントだけ"),
    ],
)
def test_neither_breaker_nor_orderer_nor_a_stranger_reviews(edition: Edition, by: str, why: str) -> None:
    broken(edition, giver("sato", has_proved=True), "suzuki")

    assert why in refused(
        review, BreakGlass.objects.get().pk, "妥当", by=giver(by), edition=edition, now=MONDAY
    )


def test_whose_shell_made_the_token_reviews_nothing_by_it(edition: Edition) -> None:
    broken(edition, giver("sato", via=ApprovalAnswer.Via.SHELL, shell_user="suzuki"))
    Operator.objects.filter(username="boss").update(operator_role=OperatorRole.MANAGER)
    by = giver("boss", via=ApprovalAnswer.Via.API, token_maker="suzuki")

    refused(review, BreakGlass.objects.get().pk, "妥当", by=by, edition=edition, now=MONDAY)


def test_whose_shell_made_the_token_that_broke_the_glass_does_not_review_it(edition: Edition) -> None:
    broken(edition, giver("sato", via=ApprovalAnswer.Via.API, token_maker="boss"))
    number = BreakGlass.objects.get().pk

    assert "自分が承認なしで進めたこと" in refused(
        review, number, "妥当", by=giver("boss"), edition=edition, now=MONDAY
    )


def test_whose_shell_it_was_reviews_nothing_by_their_own_account(edition: Edition) -> None:
    broken(edition, Giver(None, ApprovalAnswer.Via.SHELL, "boss"), "suzuki")
    number = BreakGlass.objects.get().pk
    from_page, from_shell = giver("boss"), giver("sato", via=ApprovalAnswer.Via.SHELL, shell_user="boss")

    for by, why in ((from_page, "自分が承認なしで進めたこと"), (from_shell, "同じ OS ユーザー boss")):
        assert why in refused(review, number, "妥当", by=by, edition=edition, now=MONDAY)
    assert BreakGlass.objects.get().reviewed_at is None


def test_another_accounts_name_hides_nobody_whose_shell_is_known(edition: Edition) -> None:
    broken(edition, giver("sato", via=ApprovalAnswer.Via.SHELL, shell_user="boss"))

    said = refused(review, BreakGlass.objects.get().pk, "妥当", by=giver("boss"), edition=edition, now=MONDAY)

    assert "自分が承認なしで進めたこと" in said


@pytest.mark.parametrize(
    ("user", "why"), [("sato", "自分が承認なしで進めたこと"), ("suzuki", "自分が依頼したこと")]
)
def test_nobody_reviews_their_own_in_anothers_name_from_their_shell(
    edition: Edition, user: str, why: str
) -> None:
    broken(edition, giver("sato", has_proved=True), "suzuki")
    by = giver("boss", via=ApprovalAnswer.Via.SHELL, shell_user=user)

    assert why in refused(review, BreakGlass.objects.get().pk, "妥当", by=by, edition=edition, now=MONDAY)


def test_a_shell_that_many_share_says_nothing_about_who_reviews(edition: Edition) -> None:
    broken(edition, Giver(None, ApprovalAnswer.Via.SHELL, "toban"))
    by = giver("boss", via=ApprovalAnswer.Via.SHELL, shell_user="toban")

    assert (
        review(BreakGlass.objects.get().pk, "妥当", by=by, edition=edition, now=MONDAY).reviewed_by == "boss"
    )


def test_a_review_happens_once(edition: Edition) -> None:
    broken(edition, giver("sato", has_proved=True))
    number = BreakGlass.objects.get().pk
    review(number, "妥当", by=giver("boss"), edition=edition, now=MONDAY)

    with pytest.raises(NotPossible):
        review(number, "もう一度", by=giver("boss"), edition=edition, now=MONDAY)


@pytest.mark.parametrize("who", ["sato", "boss", "@sato"])
def test_nobody_stops_the_alert_but_by_a_review(edition: Edition, who: str) -> None:
    broken(edition, giver("sato", has_proved=True), "sato")
    number = Alert.objects.get(resolved_at=None).pk

    assert "別の人の確認で終わります" in refused(acknowledge, number, by=who, now=MONDAY)
    refused(acknowledge_all, [number], by=who, now=MONDAY)

    assert Alert.objects.get(resolved_at=None).acknowledged_at is None


@pytest.mark.parametrize(
    ("by", "at", "reviews"),
    [
        ("sato", MONDAY, False),
        ("boss", MONDAY, False),
        ("suzuki", MONDAY, True),
        ("sato", MONDAY - HOUR, True),
    ],
)
def test_nobody_becomes_a_reviewer_by_being_made_a_manager_for_it(
    edition: Edition, by: str, at: datetime, *, reviews: bool
) -> None:
    # boss ordered it, and sato went ahead.
    broken(edition, giver("sato", has_proved=True), "boss")
    Operator.objects.filter(username="yamada").update(
        operator_role=OperatorRole.MANAGER, role_set_at=at, role_setters=[account(by).pk]
    )
    number = BreakGlass.objects.get().pk

    if reviews:
        assert review(number, "妥当", by=giver("yamada"), edition=edition, now=MONDAY + HOUR).reviewed_at
    else:
        refused(review, number, "妥当", by=giver("yamada"), edition=edition, now=MONDAY + HOUR)
