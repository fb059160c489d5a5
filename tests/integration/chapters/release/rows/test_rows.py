"""The rows of chapter 5, each seen as it should be and as it should not."""

import threading
from collections.abc import Mapping
from datetime import UTC, timedelta

import pytest
from tests.integration.chapters.release.rows.place import (
    FLOW_ROW,
    MINOR,
    PATCH,
    ROLLBACK,
    TO_PRODUCTION,
    TO_STAGING,
    Place,
)
from tests.integration.chapters.release.shop import HOUR, MINUTE, NOON, PRODUCTION, STAGING, Engine

from toban.chapters.release.engine import DeployFailed
from toban.chapters.release.models import Release, ServingLook, SourceBranch
from toban.chapters.release.ordering import orders
from toban.chapters.release.rows.deliveries import of
from toban.chapters.release.rows.dora import month_of
from toban.engine.evidence.verdict import Verdict
from toban.engine.orders import NotPossible
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.message import NOTHING, plain

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_before_anything_happened_no_row_says_more_than_that(place: Place) -> None:
    place.tell()

    rows = (FLOW_ROW, TO_STAGING, TO_PRODUCTION, MINOR, PATCH, ROLLBACK)
    assert {place.verdict(row) for row in rows} == {Verdict.NOT_DUE}
    assert place.alerts() == set()
    # The first business day of May; the second Tuesday is today, and its time is 20:00.
    assert place.status(MINOR).next_due == NOON + 8 * HOUR
    assert place.status(ROLLBACK).next_due == NOON + 17 * DAY - 2 * HOUR


def test_a_release_the_whole_way_keeps_every_row(place: Place) -> None:
    release = place.bring("v1")

    rows = (FLOW_ROW, TO_STAGING, TO_PRODUCTION, MINOR)
    assert {row: place.verdict(row) for row in rows} == dict.fromkeys(rows, Verdict.CONFORMING)
    assert place.alerts() == set()
    proof = place.proof(FLOW_ROW)
    assert proof["release"] == release.pk
    steps = proof["steps"]
    assert isinstance(steps, list)
    assert [each["evidence"] for each in steps] == ["given"] * 6
    assert place.proof(TO_PRODUCTION)["began_at"] == NOON.astimezone(UTC).isoformat()


@pytest.mark.parametrize(
    ("given", "verdict", "why"),
    [
        ({"review": False}, Verdict.DEVIATING, "steps-missing"),
        ({"checks": None}, Verdict.NOT_MEASURABLE, "steps-unknown"),
    ],
)
def test_a_step_without_evidence_is_not_kept(
    place: Place, given: Mapping[str, bool | None], verdict: Verdict, why: str
) -> None:
    release = place.bring("v1")
    place.prove("v1", **given)
    place.judge()

    assert (place.verdict(FLOW_ROW), place.why(FLOW_ROW)) == (verdict, why)
    assert str(release.pk) in str(place.status(FLOW_ROW).reason)


def test_what_nobody_has_looked_at_has_skipped_a_step(place: Place) -> None:
    place.prove("v1")
    place.automatic("v1")
    place.work()
    place.tell()
    place.release("v1", at=place.now)
    place.work()
    place.approve()
    place.work()
    place.tell()

    assert (place.verdict(FLOW_ROW), place.why(FLOW_ROW)) == (Verdict.DEVIATING, "steps-missing")
    assert "動作確認 (手動)" in str(place.status(FLOW_ROW).reason)
    assert FLOW_ROW in place.alerts()
    # A signature afterwards does not mend it: it was released without.
    place.now += MINUTE
    place.sign()
    place.judge()
    assert place.verdict(FLOW_ROW) is Verdict.DEVIATING


def test_a_look_is_asked_for_once_of_somebody_else_than_the_approver(place: Place) -> None:
    place.automatic("v1")
    place.work()
    place.tell()
    place.judge()

    (task,) = place.tasks()
    assert task.parameters == {"release": str(Release.objects.get().pk)}
    terms = place.plan.tasks[task.work].task
    assert terms is not None
    assert terms.roles == ("開発担当者",)
    signed = place.sign("ken")
    place.judge()
    assert signed.is_performed
    assert place.tasks() == []


def test_a_newer_version_withdraws_the_look_at_the_older_one(place: Place) -> None:
    place.automatic("v1")
    place.work()
    place.tell()
    (first,) = place.tasks()
    place.source.add("v2")
    place.automatic("v2")
    place.work(MINUTE)
    place.tell()

    (second,) = place.tasks()
    first.refresh_from_db()
    assert (first.state, first.reason) == (Run.State.CANCELLED, RunReason.WITHDRAWN)
    assert second.pk != first.pk


def test_an_automatic_release_that_fails_or_is_late_deviates(place: Place) -> None:
    place.bring("v1")
    place.now += MINUTE
    place.source.add("v2")
    place.engines[STAGING].fails = "install"
    place.automatic("v2")
    place.work()
    place.tell()
    assert (place.verdict(TO_STAGING), place.why(TO_STAGING)) == (Verdict.DEVIATING, "has-failed")
    assert TO_STAGING in place.alerts()

    place.engines[STAGING].fails = ""
    place.now += MINUTE
    place.source.add("v3")
    place.automatic("v3")
    place.tell(15 * MINUTE)
    assert place.why(TO_STAGING) == "has-failed"
    place.tell(MINUTE)
    assert (place.verdict(TO_STAGING), place.why(TO_STAGING)) == (Verdict.DEVIATING, "not-brought-in-time")

    place.work(MINUTE)
    place.now += MINUTE
    place.source.add("v4")
    place.automatic("v4")
    place.work()
    place.tell()
    assert place.verdict(TO_STAGING) is Verdict.CONFORMING
    assert TO_STAGING not in place.alerts()


def test_a_source_that_does_not_answer_makes_a_trigger_unknown(place: Place) -> None:
    place.bring("v1")
    place.now += HOUR
    place.looks.look(place.plan, place.now)
    place.judge()

    assert (place.verdict(TO_STAGING), place.why(TO_STAGING)) == (
        Verdict.NOT_MEASURABLE,
        "source-not-asked-yet",
    )


def test_a_branch_that_is_held_back_or_rewritten_warns(place: Place) -> None:
    place.bring("v1")
    branch = SourceBranch.objects.create(
        service="shop",
        name="release/2",
        commit="f" * 40,
        first_seen_at=place.now,
        seen_at=place.now,
        note=plain("no review"),
    )
    place.tell(15 * MINUTE)
    assert place.verdict(TO_STAGING) is Verdict.CONFORMING
    place.tell(MINUTE)
    assert (place.verdict(TO_STAGING), place.why(TO_STAGING)) == (Verdict.WARNING, "is-held")
    branch.note, branch.rewritten_at = NOTHING, branch.seen_at
    branch.save()
    place.judge()
    assert (place.verdict(TO_STAGING), place.why(TO_STAGING)) == (Verdict.WARNING, "history-replaced")
    branch.name = "feature/2"
    branch.save()
    place.judge()
    assert place.verdict(TO_STAGING) is Verdict.CONFORMING


def test_what_waited_for_a_lock_is_late_all_the_same(place: Place) -> None:
    place.bring("v1")
    staging = place.plan.deployments[STAGING]
    place.now += MINUTE
    orders.lock(staging, "調査中", place.giver("nami"), place.now)
    place.source.add("v2")
    place.automatic("v2")
    place.work()
    place.work(HOUR)
    orders.unlock(staging, place.giver("nami"), place.now)
    place.work()
    place.tell()

    assert place.engines[STAGING].version == "v2"
    assert (place.verdict(TO_STAGING), place.why(TO_STAGING)) == (Verdict.DEVIATING, "not-brought-in-time")


def test_a_rollback_in_staging_afterwards_takes_no_step_away(place: Place) -> None:
    place.bring("v1")
    place.now += HOUR
    place.bring("v2")
    place.now += HOUR
    orders.roll_back(place.plan.deployments[STAGING], "試し終えた", place.order("nami"), place.now)
    place.work()
    place.tell()

    assert place.engines[STAGING].version == "v1"
    assert place.verdict(FLOW_ROW) is Verdict.CONFORMING


def test_a_version_that_no_release_brought_deviates_until_it_is_gone(place: Place) -> None:
    place.bring("v1")
    good = place.engines[PRODUCTION].serves
    place.engines[PRODUCTION].serves = "f" * 64
    place.tell(MINUTE)

    assert (place.verdict(TO_PRODUCTION), place.why(TO_PRODUCTION)) == (
        Verdict.DEVIATING,
        "no-release-brought-it",
    )
    assert "web-1" in str(place.status(TO_PRODUCTION).reason)
    assert place.proof(TO_PRODUCTION)["since"] == place.now.astimezone(UTC).isoformat()
    place.engines[PRODUCTION].serves = good
    place.tell(MINUTE)
    assert place.verdict(TO_PRODUCTION) is Verdict.CONFORMING


def test_an_environment_that_does_not_answer_is_unknown_after_a_while(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.bring("v1")

    def unreachable(_engine: Engine) -> Mapping[str, str]:
        raise DeployFailed(plain("web-1 does not answer"))

    monkeypatch.setattr(Engine, "serving", unreachable)
    place.tell(5 * MINUTE)
    assert place.verdict(TO_PRODUCTION) is Verdict.CONFORMING
    place.tell(MINUTE)
    assert place.verdict(TO_PRODUCTION) is Verdict.NOT_MEASURABLE
    assert "web-1 does not answer" in str(place.status(TO_PRODUCTION).reason)
    assert {f"{TO_PRODUCTION}/no-data", f"{TO_STAGING}/no-data"} <= place.alerts()


def test_an_environment_that_hangs_is_asked_once_and_blocks_no_other(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.bring("v1")
    answers, asked = threading.Event(), []
    hanging, usual = place.engines[PRODUCTION], Engine.serving

    def serving(engine: Engine) -> Mapping[str, str]:
        if engine is hanging:
            asked.append(engine)
            answers.wait(10)
        return usual(engine)

    monkeypatch.setattr(Engine, "serving", serving)
    place.looks.look(place.plan, place.now + MINUTE)
    place.looks.look(place.plan, place.now + 2 * MINUTE)
    looks = {each.deployment: each for each in ServingLook.objects.all()}
    assert len(asked) == 1
    assert looks[PRODUCTION].trouble.code == "release-rows.no-answer-within"
    assert looks[PRODUCTION].answered_at == place.now
    assert looks[STAGING].answered_at == place.now + 2 * MINUTE
    answers.set()
    place.looks.look(place.plan, place.now + 3 * MINUTE)
    assert ServingLook.objects.get(deployment=PRODUCTION).answered_at == place.now + 3 * MINUTE


def test_the_first_version_is_no_delivery(place: Place) -> None:
    release = place.bring("v1")
    month = month_of(NOON.date(), place.plan.system)
    assert of(PRODUCTION, month, place.now + HOUR).deployments == 1
    Release.objects.filter(pk=release.pk).update(kind=Release.Kind.FIRST)
    place.judge()

    assert of(PRODUCTION, month, place.now + HOUR).deployments == 0
    assert (place.verdict(TO_PRODUCTION), place.why(TO_PRODUCTION)) == (Verdict.NOT_DUE, "none-released-yet")


def test_a_release_late_after_its_time_deviates(place: Place) -> None:
    place.prove("v1")
    place.automatic("v1")
    place.work()
    place.tell()
    place.sign()
    place.release("v1", at=place.now)
    orders.lock(place.plan.deployments[PRODUCTION], "棚卸し", place.giver("nami"), place.now)
    place.work()
    place.approve()
    place.work(16 * MINUTE)
    orders.unlock(place.plan.deployments[PRODUCTION], place.giver("nami"), place.now)
    place.work()
    place.tell()

    assert (place.verdict(TO_PRODUCTION), place.why(TO_PRODUCTION)) == (Verdict.DEVIATING, "begun-late")


def test_a_release_without_a_time_may_wait_for_its_approval(place: Place) -> None:
    place.prove("v1")
    place.automatic("v1")
    place.work()
    place.tell()
    place.sign()
    place.release("v1", at=place.now)
    place.work()
    place.now += 3 * HOUR
    place.approve()
    place.work()
    place.tell()

    assert place.verdict(TO_PRODUCTION) is Verdict.CONFORMING


def test_a_day_without_its_release_was_missed_if_there_was_something_new(place: Place) -> None:
    place.bring("v1")
    # Until the next second Tuesday nothing is ready.
    place.tell(29 * DAY)
    assert (place.verdict(MINOR), place.why(MINOR)) == (Verdict.NOT_DUE, "nothing-new")
    place.source.add("v2")
    place.automatic("v2")
    place.work()
    place.tell(28 * DAY)
    assert (place.verdict(MINOR), place.why(MINOR)) == (Verdict.NOT_PERFORMED, "not-released")
    assert "v2" in str(place.status(MINOR).reason)
    assert place.status(MINOR).next_due == NOON.replace(month=7, hour=20)
    assert MINOR in place.alerts()


def test_a_version_that_was_rolled_back_is_not_missed_on_the_next_day(place: Place) -> None:
    place.bring("v1")
    place.now += HOUR
    place.bring("v2")
    orders_back(place)
    place.tell(29 * DAY)

    assert (place.verdict(MINOR), place.why(MINOR)) == (Verdict.NOT_DUE, "nothing-new")


def test_a_release_on_another_day_needs_a_cause(place: Place) -> None:
    place.bring("v1")
    place.now += DAY
    place.bring("v2", was_allowed=True)
    assert (place.verdict(MINOR), place.why(MINOR)) == (Verdict.DEVIATING, "outside-without-cause")
    assert place.verdict(PATCH) is Verdict.NOT_DUE

    place.now += DAY
    release = place.bring("v3", cause="障害#12 決済が止まる")
    assert place.verdict(MINOR) is Verdict.CONFORMING
    assert (place.verdict(PATCH), place.proof(PATCH)["release"]) == (Verdict.CONFORMING, release.pk)

    place.now += DAY
    place.bring("v4", cause="急ぎ", was_allowed=True)
    assert (place.verdict(PATCH), place.why(PATCH)) == (Verdict.DEVIATING, "cites-nothing")


def test_a_rollback_in_time_conforms_once_its_cause_is_found(place: Place) -> None:
    place.bring("v1")
    place.now += HOUR
    place.bring("v2")
    place.engines[PRODUCTION].serves = place.artifact("v2").digest
    back = orders_back(place)
    place.tell()

    assert (place.verdict(ROLLBACK), place.why(ROLLBACK)) == (Verdict.CONFORMING, "phases")
    proof = place.proof(ROLLBACK)
    assert (proof["release"], proof["limit_seconds"]) == (back.pk, "300.000")
    (task,) = place.tasks()
    assert task.work == f"cause/{PRODUCTION}"
    with pytest.raises(NotPossible):
        place.sign("ken")
    place.now += 8 * DAY
    place.judge()
    assert (place.verdict(ROLLBACK), place.why(ROLLBACK)) == (Verdict.NOT_PERFORMED, "cause-overdue")
    place.sign("ken", remark="在庫の集計が 0 で割っていた")
    place.judge()
    assert place.verdict(ROLLBACK) is Verdict.CONFORMING
    assert "在庫の集計" in str(place.status(ROLLBACK).reason)


def orders_back(place: Place) -> Release:
    back = orders.roll_back(
        place.plan.deployments[PRODUCTION], "500 が増えた", place.order("nami"), place.now
    )
    place.work()
    back.refresh_from_db()
    assert back.state == Release.State.DONE, str(back.note)
    return back


def test_a_rollback_that_takes_too_long_deviates(place: Place) -> None:
    place.bring("v1")
    place.now += HOUR
    place.bring("v2")
    back = orders_back(place)
    limit = place.now + 5 * MINUTE
    Release.objects.filter(pk=back.pk).update(decided_at=place.now, served_at=limit)
    place.judge()
    assert place.verdict(ROLLBACK) is Verdict.CONFORMING
    Release.objects.filter(pk=back.pk).update(served_at=limit + MINUTE / 60)
    place.judge()
    assert (place.verdict(ROLLBACK), place.why(ROLLBACK)) == (Verdict.DEVIATING, "rollback-too-slow")
