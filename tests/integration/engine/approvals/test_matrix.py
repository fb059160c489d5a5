"""Every way in which one human could be two: who orders, who answers, who breaks the glass and reviews it.

Rows are the ways in which tanaka comes first, columns those in which tanaka comes again. Each cell has its
control: a colleague's own answer counts. The kinds of approval take turns from cell to cell; that none of
them lets anything follow from an answer that does not count is seen in `test_every_kind`.
"""

from collections.abc import Callable

import pytest
from tests.integration.engine.approvals.conftest import (
    HOUR,
    MONDAY,
    PAIR,
    account,
    asked,
    edition_of,
    giver,
)
from tests.integration.engine.approvals.test_answers import deputy
from tests.integration.engine.approvals.test_every_kind import KINDS, Watched
from tests.integration.engine.approvals.test_given_passwords import given

from toban.engine.approvals import answering
from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.answers import Giver, review
from toban.engine.approvals.delegations import delegate
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest, BreakGlass
from toban.engine.approvals.rules import ApprovalTerms, RequestState
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.notify.models import Alert
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.people.rules import BEHIND_FOR
from toban.engine.tokens.models import ApiToken

pytestmark = pytest.mark.django_db

_Via = ApprovalAnswer.Via
TWO = ApprovalTerms("運用責任者", people=2)

type Way = Callable[[Edition, str], Giver]
"""How tanaka comes: by an own account, or as the account that is named."""


def page(_edition: Edition, _name: str) -> Giver:
    return giver("tanaka", has_proved=True)


def token(_edition: Edition, _name: str) -> Giver:
    return giver("tanaka", via=_Via.API)


def own_shell(_edition: Edition, _name: str) -> Giver:
    return giver("tanaka", via=_Via.SHELL, shell_user="root")


def as_another_in_own_shell(_edition: Edition, name: str) -> Giver:
    return giver(name, via=_Via.SHELL, shell_user="tanaka")


def token_of_another_made_in_own_shell(_edition: Edition, name: str) -> Giver:
    return giver(name, via=_Via.API, token_maker="tanaka")


def by_a_password_they_gave(_edition: Edition, name: str) -> Giver:
    given(name, "tanaka")
    return giver(name, has_proved=True)


def token_from_the_week_after_a_password_they_gave(_edition: Edition, name: str) -> Giver:
    given(name, "tanaka", ago=BEHIND_FOR)
    made, now = account(name), system_clock()
    ApiToken.objects.get_or_create(
        operator=made,
        name="ci",
        defaults={
            "digest": name,
            "scopes": ["act:approvals"],
            "made_at": now - BEHIND_FOR + HOUR,
            "ends_at": now + HOUR,
            "lockouts": made.lockouts,
        },
    )
    return giver(name, via=_Via.API)


def second_account(_edition: Edition, name: str) -> Giver:
    Operator.objects.filter(username=name).update(email="Tanaka+2@example.com")
    return giver(name, has_proved=True)


def second_account_of_the_shell_user(_edition: Edition, name: str) -> Giver:
    Operator.objects.get_or_create(username="tanaka@corp", operator_role=OperatorRole.MANAGER)
    return giver(name, via=_Via.SHELL, shell_user="tanaka")


def deputy_they_made(edition: Edition, _name: str) -> Giver:
    deputy("佐藤", edition, by="tanaka")
    return giver("sato", has_proved=True)


def delegated(edition: Edition, by: str, **more: str) -> Giver:
    until = MONDAY + HOUR
    delegate("運用責任者", "佐藤", "会議", ends_at=until, by=account(by), edition=edition, now=MONDAY, **more)
    return giver("sato", has_proved=True)


def delegate_they_chose(edition: Edition, _name: str) -> Giver:
    return delegated(edition, "tanaka")


def delegate_they_chose_as_another_in_own_shell(edition: Edition, name: str) -> Giver:
    return delegated(edition, name, shell_user="tanaka")


def delegate_they_chose_by_a_password_they_gave(edition: Edition, name: str) -> Giver:
    given(name, "tanaka")
    return delegated(edition, name)


ORDERING: list[Way] = [
    page,
    token,
    own_shell,
    as_another_in_own_shell,
    token_of_another_made_in_own_shell,
    by_a_password_they_gave,
    token_from_the_week_after_a_password_they_gave,
    second_account,
    second_account_of_the_shell_user,
]
ANSWERING: list[Way] = [
    *ORDERING,
    deputy_they_made,
    delegate_they_chose,
    delegate_they_chose_as_another_in_own_shell,
    delegate_they_chose_by_a_password_they_gave,
]
DELEGATING = (
    delegate_they_chose,
    delegate_they_chose_as_another_in_own_shell,
    delegate_they_chose_by_a_password_they_gave,
)


@pytest.fixture
def pair(edition: Edition) -> Edition:
    """Return one in which tanaka and suzuki hold the role."""
    del edition
    return edition_of(bindings=PAIR)


def kind_of(first: Way, then: Way) -> str:
    """Return the kind of approval whose turn it is in this cell."""
    return [*KINDS][(ANSWERING.index(first) + ANSWERING.index(then)) % len(KINDS)]


def is_heard(request: ApprovalRequest, by: Giver, edition: Edition) -> bool:
    kind = request.subject.partition("/")[0]
    effect, order = Watched(KINDS[kind]), AnswerOrder(request.pk, request.digest, by, edition, "見ました")
    try:
        answering.approve(order, [effect], MONDAY)
    except NotPossible:
        assert effect.followed == []
        return False
    return True


def honest() -> Giver:
    """Return suzuki, whose password and address are their own."""
    found = account("suzuki")
    found.email, found.password_set_at, found.password_setters = "suzuki@example.com", None, []
    found.save()
    return giver("suzuki", has_proved=True)


@pytest.mark.parametrize("answers", ANSWERING)
@pytest.mark.parametrize("orders", ORDERING)
def test_whoever_ordered_or_is_behind_the_orderer_never_approves(
    pair: Edition, orders: Way, answers: Way
) -> None:
    subject = f"{kind_of(orders, answers)}/7"
    request = asked(pair, subject=subject, orderers=orders(pair, "boss").orderers)

    assert not is_heard(request, answers(pair, "suzuki"), pair)
    if answers is not deputy_they_made:
        assert is_heard(request, honest(), pair)


@pytest.mark.parametrize("then", ANSWERING)
@pytest.mark.parametrize("first", ANSWERING)
def test_two_people_are_never_one(pair: Edition, first: Way, then: Way) -> None:
    request = asked(pair, subject=f"{kind_of(first, then)}/7", terms=TWO)
    is_heard(request, first(pair, "suzuki"), pair)
    # While a deputy holds the role, nobody else delegates it.
    if not (first is deputy_they_made and then in DELEGATING):
        is_heard(request, then(pair, "suzuki"), pair)

    request.refresh_from_db()
    assert request.state == RequestState.OPEN


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("answers", [page, token, own_shell, as_another_in_own_shell])
def test_the_same_answer_counts_once(pair: Edition, answers: Way, kind: str) -> None:
    request = asked(pair, subject=f"{kind}/7", terms=TWO)
    by = answers(pair, "suzuki")

    assert is_heard(request, by, pair)
    assert not is_heard(request, by, pair)
    assert ApprovalAnswer.objects.count() == 1


@pytest.mark.parametrize("reviews", ORDERING)
@pytest.mark.parametrize("breaks", ORDERING)
def test_who_broke_the_glass_never_reviews_it(pair: Edition, breaks: Way, reviews: Way) -> None:
    Operator.objects.update(operator_role=OperatorRole.MANAGER)
    request = asked(pair, subject="release/7")
    order = AnswerOrder(request.pk, request.digest, breaks(pair, "boss"), pair, "本番が停止中")
    answering.break_glass(order, [Watched(KINDS["release"])], MONDAY)
    number = BreakGlass.objects.get().pk
    assert Alert.objects.get(resolved_at=None).condition == "critical"

    with pytest.raises(NotPossible):
        review(number, "妥当", by=reviews(pair, "suzuki"), edition=pair, now=MONDAY + HOUR)

    review(number, "妥当", by=honest(), edition=pair, now=MONDAY + HOUR)
    assert not Alert.objects.filter(resolved_at=None).exists()
