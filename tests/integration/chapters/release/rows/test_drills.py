"""Rollback drills: the former version serves, is looked at, and makes way again, whatever happens."""

import pytest
from tests.integration.chapters.release.rows.place import ROLLBACK, TO_STAGING, WHOLE, Place
from tests.integration.chapters.release.shop import BINDINGS, HOUR, MINUTE, NOON, PRODUCTION, STAGING, Engine

from toban.chapters.release.engine import Artifact, DeployFailed, DeployWatch
from toban.chapters.release.models import DeploymentLock, Release, RollbackDrill
from toban.chapters.release.ordering import orders
from toban.chapters.release.rows.deliveries import of
from toban.chapters.release.rows.dora import month_of
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.runs import orders as runs
from toban.engine.runs.models import Run
from toban.engine.runs.scheduler import plan_due
from toban.message import plain

pytestmark = pytest.mark.django_db
KEY = f"rollback-drill/{STAGING}"
FIRST = NOON.replace(month=5, day=1, hour=10)


@pytest.fixture
def staged(place: Place) -> Place:
    """Return the place with two versions that served in staging."""
    for version in ("v1", "v2"):
        place.bring(version)
        place.now += HOUR
    place.engines[STAGING].acts.clear()
    return place


def drill(place: Place) -> Run:
    """Hold the drill that is due on the first business day of May."""
    place.now = max(place.now, FIRST)
    plan_due(place.works.values(), place.now)
    place.work()
    return Run.objects.get(work=KEY)


def test_a_drill_goes_back_and_forth_by_the_stop_watch(staged: Place) -> None:
    run = drill(staged)
    staged.tell()

    assert run.state == Run.State.DONE, str(run.note)
    assert staged.engines[STAGING].acts == ["switch v1", "switch v2"]
    assert staged.engines[STAGING].version == "v2"
    release = Release.objects.get(kind=Release.Kind.DRILL)
    kept = RollbackDrill.objects.get(release=release)
    assert (release.state, release.artifact.label, kept.is_passed) == ("done", "v1", True)
    assert kept.restored_at == FIRST
    assert list(kept.phases) == ["back", "check", "forth"]
    entry = LedgerEntry.objects.get(sequence=kept.evidence_sequence or 0)
    assert (entry.clause_id, entry.content["event"]) == (ROLLBACK, "rollback-drill")
    assert (staged.verdict(ROLLBACK), staged.why(ROLLBACK)) == (Verdict.CONFORMING, "phases")
    assert staged.status(ROLLBACK).next_due == NOON.replace(month=6, day=1, hour=10)
    assert not DeploymentLock.objects.exists()
    assert staged.verdict(TO_STAGING) is Verdict.CONFORMING
    # A drill is no delivery.
    month = month_of(FIRST.date(), staged.plan.system)
    assert of(STAGING, month, staged.now + HOUR).deployments == 0


def test_there_is_none_where_it_hurts(place: Place) -> None:
    assert KEY in place.works
    assert f"rollback-drill/{PRODUCTION}" not in place.works


def test_with_one_version_there_is_nothing_to_rehearse(place: Place) -> None:
    place.bring("v1")
    run = drill(place)
    place.tell()

    assert run.state == Run.State.DONE
    assert "戻る先の版がまだない" in str(run.note)
    assert (place.verdict(ROLLBACK), place.why(ROLLBACK)) == (Verdict.NOT_DUE, "no-rollback-yet")


@pytest.mark.parametrize("by", ["schedule", "nami"])
def test_no_drill_goes_back_over_what_can_not_be_undone(staged: Place, by: str) -> None:
    Release.objects.filter(deployment=STAGING, artifact__label="v2").update(is_reversible=False)

    if by == "schedule":
        run = drill(staged)
    else:
        run = runs.order(KEY, {}, by=by, now=staged.now)
        staged.work()
        run.refresh_from_db()
    staged.tell()

    assert staged.engines[STAGING].acts == []
    assert not DeploymentLock.objects.exists()
    assert run.state == Run.State.FAILED
    assert "戻せると書かれていないマイグレーション: v2" in str(run.note)
    assert (staged.verdict(ROLLBACK), staged.why(ROLLBACK)) == (Verdict.NOT_PERFORMED, "drill-not-held")


def test_a_drill_that_can_not_go_back_deviates(staged: Place) -> None:
    staged.engines[STAGING].fails = "switch v1"
    run = drill(staged)
    staged.tell()

    assert run.state == Run.State.FAILED
    assert staged.engines[STAGING].version == "v2"
    kept = RollbackDrill.objects.get()
    assert (kept.is_passed, "no space left" in str(kept.reason)) == (False, True)
    assert (staged.verdict(ROLLBACK), staged.why(ROLLBACK)) == (Verdict.DEVIATING, "rollback-failed")
    assert ROLLBACK in staged.alerts()


HEALTH = f"""
[deployments."{STAGING}".health]
url = "http://127.0.0.1:9/"
within = "1秒"
"""


def test_a_former_version_that_is_not_healthy_fails_the_drill_and_makes_way(staged: Place) -> None:
    staged.take(BINDINGS + HEALTH, WHOLE)
    staged.ill["v1"] = "500"
    run = drill(staged)
    staged.tell()

    assert (run.state, staged.engines[STAGING].version) == (Run.State.FAILED, "v2")
    checks = {
        str(each["name"]["code"]).rpartition(".")[2]: each for each in RollbackDrill.objects.get().checks
    }
    assert {name for name, each in checks.items() if not each["is_passed"]} == {"check-healthy"}
    assert "500" in str(staged.status(ROLLBACK).reason)
    assert Release.objects.get(kind=Release.Kind.DRILL).checked_at is None


def test_a_way_back_that_takes_too_long_fails_the_drill(
    staged: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Engine.switch

    def switch(engine: Engine, artifact: Artifact, watch: DeployWatch, *, back: bool = False) -> None:
        usual(engine, artifact, watch, back=back)
        staged.now += 5 * MINUTE + MINUTE / 60

    monkeypatch.setattr(Engine, "switch", switch)
    drill(staged)

    kept = RollbackDrill.objects.get()
    assert (kept.is_passed, kept.seconds, kept.limit_seconds) == (False, 301.0, 300.0)


class Killed(BaseException):
    """The worker dies."""


@pytest.mark.parametrize("dies_after", [1, 2])
def test_a_killed_drill_ends_with_the_version_that_served(
    staged: Place, monkeypatch: pytest.MonkeyPatch, dies_after: int
) -> None:
    """The worker dies right after the way back, and right after the way forth."""
    usual, switched = Engine.switch, []

    def switch(engine: Engine, artifact: Artifact, watch: DeployWatch, *, back: bool = False) -> None:
        usual(engine, artifact, watch, back=back)
        switched.append(artifact.label)
        if len(switched) == dies_after:
            raise Killed

    monkeypatch.setattr(Engine, "switch", switch)
    with pytest.raises(Killed):
        drill(staged)
    assert staged.engines[STAGING].version == ("v1", "v2")[dies_after - 1]
    assert Release.objects.get(kind=Release.Kind.DRILL).state == Release.State.RUNNING
    # Another worker goes on when the lease has ended.
    staged.work(10 * MINUTE)

    assert Run.objects.get(work=KEY).state == Run.State.DONE
    assert staged.engines[STAGING].version == "v2"
    release = Release.objects.get(kind=Release.Kind.DRILL)
    # The time that nobody worked is not part of the measurement.
    assert release.decided_at == release.served_at == staged.now
    assert RollbackDrill.objects.get().is_passed


def test_a_way_forth_that_fails_is_tried_again_under_the_lock(
    staged: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Engine.switch
    failed: list[str] = []

    def switch(engine: Engine, artifact: Artifact, watch: DeployWatch, *, back: bool = False) -> None:
        if artifact.label == "v2" and not failed:
            failed.append(artifact.label)
            raise DeployFailed(plain("web-1: connection lost"))
        usual(engine, artifact, watch, back=back)

    monkeypatch.setattr(Engine, "switch", switch)
    run = drill(staged)
    staged.tell()
    assert (run.state, staged.engines[STAGING].version) == (Run.State.WAITING, "v1")
    assert DeploymentLock.objects.get().deployment == STAGING
    # Under the lock, it is known why something else serves.
    assert staged.verdict(TO_STAGING) is Verdict.CONFORMING
    staged.work(10 * MINUTE)

    run.refresh_from_db()
    assert (run.state, staged.engines[STAGING].version) == (Run.State.DONE, "v2")
    assert not DeploymentLock.objects.exists()


def test_a_rollback_does_not_wait_for_a_drill_that_waits_for_its_next_attempt(
    staged: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, failed = Engine.switch, [True]

    def switch(engine: Engine, artifact: Artifact, watch: DeployWatch, *, back: bool = False) -> None:
        if artifact.label == "v2" and failed:
            failed.clear()
            raise DeployFailed(plain("web-1: connection lost"))
        usual(engine, artifact, watch, back=back)

    monkeypatch.setattr(Engine, "switch", switch)
    run = drill(staged)
    assert run.state == Run.State.WAITING
    back = orders.roll_back(staged.plan.deployments[STAGING], "壊れた", staged.order("nami"), staged.now)
    staged.work(MINUTE)

    run.refresh_from_db()
    back.refresh_from_db()
    assert (back.state, back.served_at, staged.engines[STAGING].version) == ("done", staged.now, "v1")
    assert run.state == Run.State.CANCELLED
    assert Release.objects.get(kind=Release.Kind.DRILL).state == Release.State.ABORTED
    assert not DeploymentLock.objects.exists()


def test_a_drill_waits_for_a_taken_environment(staged: Place) -> None:
    staged.now = FIRST
    orders.lock(staged.plan.deployments[STAGING], "調査中", staged.giver("nami"), staged.now)
    run = drill(staged)
    assert run.state == Run.State.WAITING
    assert "調査中" in str(run.note)
    assert staged.engines[STAGING].acts == []
    for _ in range(2):
        staged.work(HOUR)
    staged.tell()

    run.refresh_from_db()
    assert run.state == Run.State.FAILED
    assert (staged.verdict(ROLLBACK), staged.why(ROLLBACK)) == (Verdict.NOT_PERFORMED, "drill-not-held")


def test_what_no_release_brought_is_not_touched(staged: Place) -> None:
    staged.engines[STAGING].serves = "f" * 64
    run = drill(staged)

    assert run.state == Run.State.FAILED
    assert staged.engines[STAGING].serves == "f" * 64
    assert staged.engines[STAGING].acts == []


def test_a_cancelled_drill_goes_forth_first(staged: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Engine.switch

    def switch(engine: Engine, artifact: Artifact, watch: DeployWatch, *, back: bool = False) -> None:
        usual(engine, artifact, watch, back=back)
        if artifact.label == "v1":
            runs.cancel(KEY, by="nami", now=staged.now)

    monkeypatch.setattr(Engine, "switch", switch)
    drill(staged)

    assert staged.engines[STAGING].version == "v2"


def test_a_rollback_during_a_drill_goes_to_the_former_version(
    staged: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Engine.switch
    ordered: list[Release] = []

    def switch(engine: Engine, artifact: Artifact, watch: DeployWatch, *, back: bool = False) -> None:
        usual(engine, artifact, watch, back=back)
        if not ordered:
            staging = staged.plan.deployments[STAGING]
            ordered.append(orders.roll_back(staging, "壊れた", staged.order("nami"), staged.now))

    monkeypatch.setattr(Engine, "switch", switch)
    run = drill(staged)
    staged.work()

    (back,) = ordered
    back.refresh_from_db()
    assert (run.state, back.state, back.artifact.label) == (Run.State.DONE, Release.State.DONE, "v1")
    assert staged.engines[STAGING].acts == ["switch v1", "switch v2", "switch v1"]
    assert back.undoes is not None
    assert back.undoes.artifact.label == "v2"


def test_a_drill_by_hand_is_one_as_well(staged: Place) -> None:
    runs.order(KEY, {}, by="nami", now=staged.now)
    staged.work()
    staged.tell()

    assert RollbackDrill.objects.get().is_passed
    assert staged.verdict(ROLLBACK) is Verdict.CONFORMING
