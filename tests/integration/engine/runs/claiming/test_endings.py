"""Successful ends of several runs, written together."""

from datetime import timedelta

import pytest
from tests.integration.engine.runs.conftest import NOON, MakeWork

from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.runs.claiming import claim
from toban.engine.runs.claiming.claim import Claim, LastStep, Success
from toban.engine.runs.models import Attempt, FinishedStep, Run
from toban.engine.runs.scheduler import plan_due

MINUTE = timedelta(minutes=1)
KEYS = ("B001", "B002", "B003")


@pytest.fixture
def held(make_work: MakeWork) -> dict[str, Claim]:
    works = {key: make_work(key) for key in KEYS}
    plan_due(works.values(), NOON - MINUTE)
    plan_due(works.values(), NOON)
    return {each.work: each for each in claim.claim_due(works, "a", NOON, room=len(KEYS))}


@pytest.mark.django_db
def test_runs_that_end_together_each_get_their_own_step_attempt_and_evidence(held: dict[str, Claim]) -> None:
    ends = [Success(held[key], LastStep("command", {"of": key}, NOON)) for key in KEYS]

    assert not claim.succeed_all(ends, NOON + MINUTE)

    assert set(Run.objects.values_list("state", "ended_at", "holder", "step")) == {
        ("done", NOON + MINUTE, "", "")
    }
    assert set(Attempt.objects.values_list("outcome", "ended_at")) == {("succeeded", NOON + MINUTE)}
    results = FinishedStep.objects.order_by("run__work").values_list("result", flat=True)
    assert list(results) == [{"of": key} for key in KEYS]
    entries = [(each.clause_id, each.content["verdict"]) for each in LedgerEntry.objects.order_by("sequence")]
    assert sorted(entries) == [(f"batch/batch/{key}", "conforming") for key in KEYS]
    assert ledger.verify().broken is None


@pytest.mark.django_db
def test_the_end_of_a_replaced_run_is_refused_and_the_others_are_recorded(held: dict[str, Claim]) -> None:
    Run.objects.filter(work="B002").update(fence=7)

    fenced = claim.succeed_all([Success(each) for each in held.values()], NOON)

    assert fenced == {held["B002"].run_id}
    assert set(Run.objects.filter(state="done").values_list("work", flat=True)) == {"B001", "B003"}
    assert LedgerEntry.objects.count() == 2
