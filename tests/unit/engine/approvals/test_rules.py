"""The rules of approvals, as functions of values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from toban.engine.approvals.rules import (
    Ground,
    Identity,
    RequestFacts,
    RequestState,
    Respondent,
    digest_of,
    is_reached,
    may_begin,
    why_not,
)

NOON = datetime(2026, 4, 6, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NAMI, KEN = Identity(1, "nami", frozenset({"email a"})), Identity(2, "ken", frozenset({"email b"}))
NAMI_TOO = Identity(3, "nami2", frozenset({"email a", "name 波"}))
KEN_TOO = Identity(4, "ken2", frozenset({"email b"}))
LEE = Identity(5, "lee")
REQUEST = RequestFacts(RequestState.OPEN, "d", "運用責任者", NOON + HOUR, orderers=(), approved_by=())
BY = Respondent(NAMI, (Ground("波"),), "d")


def code(request: RequestFacts, by: Respondent, now: datetime = NOON) -> str:
    refusal = why_not(request, by, now)
    return refusal.said.code.removeprefix("approvals.") if refusal is not None else ""


@pytest.mark.parametrize(
    ("request_", "by", "why"),
    [
        (REQUEST, BY, ""),
        (replace(REQUEST, state=RequestState.SUPERSEDED), BY, "already-superseded"),
        (replace(REQUEST, is_current=False), BY, "has-changed"),
        (REQUEST, replace(BY, shown="e"), "not-what-was-shown"),
        (replace(REQUEST, orderers=(KEN, NAMI)), BY, "own-order"),
        (replace(REQUEST, orderers=(NAMI_TOO,)), BY, "own-order"),
        (replace(REQUEST, approved_by=(NAMI_TOO,)), BY, "approved-already"),
        (REQUEST, replace(BY, grounds=()), "does-not-hold-role"),
        (REQUEST, replace(BY, grounds=(Ground("波", (NAMI,)),)), "appointed-themselves"),
        (REQUEST, replace(BY, grounds=(Ground("波", (NAMI_TOO,)),)), "appointed-themselves"),
        (
            replace(REQUEST, orderers=(KEN,)),
            replace(BY, grounds=(Ground("波", (KEN,)),)),
            "appointed-by-orderer",
        ),
        (
            replace(REQUEST, orderers=(KEN_TOO,)),
            replace(BY, grounds=(Ground("波", (KEN,)),)),
            "appointed-by-orderer",
        ),
        (
            replace(REQUEST, orderers=(KEN,)),
            replace(BY, grounds=(Ground("波", delegated_by=KEN),)),
            "delegated-by-orderer",
        ),
        (
            replace(REQUEST, approved_by=(KEN,), people=2),
            replace(BY, grounds=(Ground("波", delegated_by=KEN),)),
            "delegator-approved",
        ),
        (replace(REQUEST, approved_by=(KEN,), delegated_by=(NAMI_TOO,), people=2), BY, "delegate-approved"),
        (
            replace(REQUEST, approved_by=(KEN,), delegated_by=(LEE,), people=2),
            replace(BY, grounds=(Ground("波", delegated_by=LEE),)),
            "delegate-approved",
        ),
        (replace(REQUEST, approved_by=(KEN,), delegated_by=(LEE,), people=2), BY, ""),
        (
            replace(REQUEST, approved_by=(KEN_TOO,), people=2),
            replace(BY, grounds=(Ground("波", (KEN,)),)),
            "appointer-approved",
        ),
        (replace(REQUEST, approved_by=(KEN,), appointed_by=(NAMI_TOO,), people=2), BY, "deputy-approved"),
        (
            replace(REQUEST, approved_by=(KEN,), appointed_by=(LEE,), people=2),
            replace(BY, grounds=(Ground("波", (LEE,)),)),
            "",
        ),
        # One good ground is enough.
        (REQUEST, replace(BY, grounds=(Ground("波", (NAMI,)), Ground("波"))), ""),
        (replace(REQUEST, is_irreversible=True), BY, "prove-identity"),
        (replace(REQUEST, is_irreversible=True), replace(BY, has_proved=True), ""),
    ],
)
def test_every_refusal_has_its_reason(request_: RequestFacts, by: Respondent, why: str) -> None:
    assert code(request_, by) == why


def test_a_request_ends_at_its_exclusive_end() -> None:
    assert code(REQUEST, BY, NOON + HOUR - timedelta(microseconds=1)) == ""
    assert code(REQUEST, BY, NOON + HOUR) == "expired"


def test_different_humans_are_counted_not_accounts() -> None:
    assert is_reached(1, [NAMI])
    assert not is_reached(2, [NAMI, NAMI_TOO])
    assert is_reached(2, [NAMI, NAMI_TOO, KEN])
    assert not is_reached(1, [])


@pytest.mark.parametrize(
    ("state", "wanted", "now", "may"),
    [
        (RequestState.GRANTED, "d", NOON, True),
        (RequestState.BROKEN_GLASS, "d", NOON, True),
        (RequestState.OPEN, "d", NOON, False),
        (RequestState.GRANTED, "e", NOON, False),
        (RequestState.GRANTED, "d", NOON + HOUR, False),
    ],
)
def test_only_a_fresh_approval_of_exactly_this_lets_it_begin(
    state: RequestState, wanted: str, now: datetime, *, may: bool
) -> None:
    assert may_begin(state, asked="d", wanted=wanted, expires_at=NOON + HOUR, now=now) is may


def test_the_digest_does_not_depend_on_the_order_of_names() -> None:
    assert digest_of({"a": 1, "b": {"c": "é", "d": None}}) == digest_of({"b": {"d": None, "c": "é"}, "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": "1"})
