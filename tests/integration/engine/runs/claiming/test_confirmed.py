"""Whether a step begins: its worker must still hold the run, and asks only if it can't know."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.integration.engine.runs.claims import taken
from tests.integration.engine.runs.conftest import NOON, MakeWork

from toban.engine.runs.claiming import claim
from toban.engine.runs.claiming.claim import LEASE, Fenced
from toban.engine.runs.claiming.endings import Endings
from toban.engine.runs.claiming.runner import Hand, through
from toban.engine.runs.claiming.silence import SURE
from toban.engine.runs.scheduler import plan_due
from toban.engine.runs.work import RunTurn, Step

pytestmark = pytest.mark.django_db


def begun_after(make_work: MakeWork, seconds: float, *, is_lost: bool = False) -> list[str]:
    """Begin a run *seconds* after its claim; return the steps that acted before it was fenced, if it was."""
    acted: list[str] = []

    def act(name: str) -> Callable[[RunTurn], None]:
        return lambda _turn: acted.append(name)

    steps = tuple(Step(name, act(name)) for name in ("first", "second"))
    work = make_work(steps=steps)
    plan_due([work], NOON - timedelta(seconds=1))
    plan_due([work], NOON)
    held = taken({work.key: work}, "a", NOON)
    assert held is not None
    if is_lost:
        assert taken({work.key: work}, "b", NOON + LEASE) is not None
    hand = Hand(held, work, lambda: NOON, {}, None, confirmed_at=time.monotonic() - seconds)
    try:
        through(hand, Endings(lambda ends: claim.succeed_all(ends, NOON)))
    except Fenced:
        acted.append("fenced")
    return acted


def test_a_worker_that_slept_since_its_claim_does_not_begin_what_another_does(make_work: MakeWork) -> None:
    assert begun_after(make_work, SURE + 1, is_lost=True) == ["fenced"]


def test_a_run_that_nobody_has_taken_begins_however_long_its_worker_slept(make_work: MakeWork) -> None:
    assert begun_after(make_work, SURE + 1) == ["first", "second"]


def test_a_run_just_claimed_begins_without_asking_again(
    make_work: MakeWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(claim, "require", asked.append)

    assert begun_after(make_work, 0) == ["first", "second"]

    assert asked == []
