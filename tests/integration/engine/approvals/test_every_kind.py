"""Whatever an approval is about, nothing follows from an answer that does not count."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from tests.integration.engine.approvals.conftest import (
    BINDINGS,
    DOCUMENT,
    HOUR,
    MONDAY,
    asked,
    edition_of,
    giver,
)
from tests.integration.engine.approvals.test_answers import WEEK, on_duty

from toban.engine.approvals import answering
from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest, BreakGlass
from toban.engine.approvals.port import APPROVAL_EFFECTS, ApprovalEffect
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole
from toban.wiring import parts

pytestmark = pytest.mark.django_db

LONG = ApprovalTerms("運用責任者", within=3 * WEEK, is_irreversible=True)
KINDS = {each.kind: each for each in parts().ports.all(APPROVAL_EFFECTS)}


@dataclass
class Watched:
    """What follows from an answer, noted instead of done."""

    effect: ApprovalEffect
    followed: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.effect.kind

    @property
    def needs_shell_for_emergencies(self) -> bool:
        return self.effect.needs_shell_for_emergencies

    @property
    def is_answered_by_api(self) -> bool:
        return self.effect.is_answered_by_api

    def settle(self, request: ApprovalRequest, by: Giver, note: str, now: datetime) -> None:
        del by, note, now
        self.followed.append(request.state)


@dataclass(frozen=True)
class Answering:
    """An answer, and the moment at which it comes."""

    order: AnswerOrder
    at: datetime = MONDAY


type Attack = Callable[[Answering, ApprovalRequest], Answering]


def late(given: Answering, request: ApprovalRequest) -> Answering:
    return replace(given, at=request.expires_at)


def edited(given: Answering, _request: ApprovalRequest) -> Answering:
    return replace(given, order=replace(given.order, edition=edition_of(DOCUMENT + "\n追記\n")))


def bound_otherwise(given: Answering, _request: ApprovalRequest) -> Answering:
    other = edition_of(bindings=BINDINGS + '[system]\nname = "本番"\n')
    return replace(given, order=replace(given.order, edition=other))


def shown_otherwise(given: Answering, _request: ApprovalRequest) -> Answering:
    return replace(given, order=replace(given.order, shown="0" * 64))


def locked(given: Answering, _request: ApprovalRequest) -> Answering:
    assert given.order.by.account is not None
    Operator.objects.filter(pk=given.order.by.account.pk).update(is_active=False)
    return given


def role_lost(given: Answering, _request: ApprovalRequest) -> Answering:
    return replace(given, at=MONDAY + timedelta(days=7))


def own_order(given: Answering, request: ApprovalRequest) -> Answering:
    assert given.order.by.account is not None
    ApprovalRequest.objects.filter(pk=request.pk).update(orderers=[given.order.by.account.pk])
    return given


def own_by_second_account(given: Answering, request: ApprovalRequest) -> Answering:
    assert given.order.by.account is not None
    second = Operator.objects.create_user("second", given.order.by.account.email.upper())
    ApprovalRequest.objects.filter(pk=request.pk).update(orderers=[second.pk])
    return given


def unproved(given: Answering, _request: ApprovalRequest) -> Answering:
    return replace(given, order=replace(given.order, by=replace(given.order.by, has_proved=False)))


def stranger(given: Answering, _request: ApprovalRequest) -> Answering:
    return replace(given, order=replace(given.order, by=giver("boss", has_proved=True)))


def reader(given: Answering, _request: ApprovalRequest) -> Answering:
    assert given.order.by.account is not None
    Operator.objects.filter(pk=given.order.by.account.pk).update(operator_role=OperatorRole.VIEWER)
    return given


def repeated(given: Answering, request: ApprovalRequest) -> Answering:
    answering.refuse(given.order, [Watched(KINDS[request.subject.partition("/")[0]])], given.at)
    return given


WHY: Mapping[Attack, str] = {
    late: "expired",
    edited: "has-changed",
    bound_otherwise: "has-changed",
    shown_otherwise: "not-what-was-shown",
    locked: "account-inactive",
    role_lost: "does-not-hold-role",
    own_order: "own-order",
    own_by_second_account: "own-order",
    unproved: "prove-identity",
    stranger: "does-not-hold-role",
    reader: "viewers-break-nothing",
    repeated: "already-refused",
}
ANSWERS = (late, edited, bound_otherwise, shown_otherwise, locked, repeated)
"""What no answer survives; the others are about who answers."""
ATTACKS = [
    *((answering.approve, each) for each in (*ANSWERS, role_lost, own_order, own_by_second_account)),
    *((answering.approve, each) for each in (unproved, stranger)),
    *((answering.refuse, each) for each in (*ANSWERS, role_lost, own_order, stranger)),
    *((answering.break_glass, each) for each in (*ANSWERS, unproved, reader)),
]


def answered_by(edition: Edition, request: ApprovalRequest) -> Answering:
    by = giver(on_duty(edition), has_proved=True)
    return Answering(AnswerOrder(request.pk, request.digest, by, edition, "緊急のため"))


def left() -> tuple[int, int, int]:
    return ApprovalAnswer.objects.count(), BreakGlass.objects.count(), LedgerEntry.objects.count()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("answer", "attack"), ATTACKS, ids=[f"{each.__name__}-{attack.__name__}" for each, attack in ATTACKS]
)
def test_nothing_follows_from_an_answer_that_does_not_count(
    edition: Edition, kind: str, answer: Callable[..., ApprovalRequest], attack: Attack
) -> None:
    request = asked(edition, subject=f"{kind}/7", terms=LONG)
    given, effect = attack(answered_by(edition, request), request), Watched(KINDS[kind])
    before = left()

    with pytest.raises(NotPossible) as refused:
        answer(given.order, [effect], given.at)

    assert refused.value.said.code == f"approvals.{WHY[attack]}"
    assert (effect.followed, left()) == ([], before)


@pytest.mark.parametrize("kind", KINDS)
def test_what_follows_from_an_answer_that_counts_follows_once(edition: Edition, kind: str) -> None:
    for answer, state in ((answering.approve, "granted"), (answering.refuse, "refused")):
        request = asked(edition, subject=f"{kind}/{state}", terms=LONG)
        given, effect = answered_by(edition, request), Watched(KINDS[kind])

        answer(given.order, [effect], MONDAY + HOUR)

        assert effect.followed == [state]


def test_every_kind_of_subject_is_attacked() -> None:
    assert set(KINDS) == {
        "edition",
        "exception",
        "incident-report",
        "mode",
        "monthly-report",
        "release",
        "run",
    }
