from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toban.chapters.release.rows import judging
from toban.chapters.release.rows.flow import Evidence, FlowStep, Seen, StepEvidence, StepKind
from toban.chapters.release.rows.judging import Cause, DrillDate, Offer, Outcome, Serving, Told
from toban.chapters.release.rows.schedule import ReleaseCalendar, ReleaseWindow
from toban.design.values.schedule import read_schedule
from toban.engine.bindings.model import System
from toban.engine.evidence.verdict import Verdict, worst
from toban.engine.rows.judgement import Judgement
from toban.message import NOTHING, Message, plain

NOON = datetime(2026, 4, 14, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WITHIN = 15 * MINUTE
INSTANT = timedelta(microseconds=1)
SYSTEM = System()
YES = Seen(Evidence.GIVEN, plain("approved by nami"))
GOOD = Outcome(
    number=7,
    version="v1",
    kind="regular",
    state="done",
    ordered_at=NOON - HOUR,
    planned_at=NOON,
    decided_at=NOON - HOUR / 2,
    began_at=NOON,
    served_at=NOON + MINUTE,
    checked_at=NOON + 2 * MINUTE,
)
SEEN = Serving(GOOD, NOON)


def found(judgement: Judgement) -> tuple[Verdict, str]:
    reason = judgement.reason
    while reason.code == "common.sentences":
        first = reason.values["first"]
        assert isinstance(first, Message)
        reason = first
    return judgement.verdict, reason.code.removeprefix("release-rows.")


def step(evidence: Evidence) -> StepEvidence:
    return StepEvidence(FlowStep(1, "レビュー", (StepKind.REVIEW,)), evidence, plain("why"))


@pytest.mark.parametrize(
    ("steps", "verdict"),
    [
        ([Evidence.GIVEN, Evidence.GIVEN], Verdict.CONFORMING),
        ([Evidence.GIVEN, Evidence.AHEAD], Verdict.CONFORMING),
        ([Evidence.GIVEN, Evidence.BY_PEOPLE], Verdict.CONFORMING),
        ([Evidence.UNKNOWN, Evidence.GIVEN], Verdict.NOT_MEASURABLE),
        ([Evidence.UNKNOWN, Evidence.MISSING], Verdict.DEVIATING),
        ([Evidence.BY_PEOPLE], Verdict.DECLARED),
        ([], Verdict.DECLARED),
    ],
)
def test_the_flow_is_as_good_as_its_worst_step(steps: Sequence[Evidence], verdict: Verdict) -> None:
    assert judging.by_flow(GOOD, [step(each) for each in steps], SYSTEM).verdict is verdict


def manual(*history: Outcome, approval: Seen | None = YES, serving: Serving = SEEN) -> tuple[Verdict, str]:
    return found(judging.by_order(history, approval, serving, SYSTEM, NOON + 4 * MINUTE, WITHIN))


def test_a_release_begins_at_most_a_quarter_of_an_hour_late() -> None:
    limit = NOON + WITHIN

    assert manual(GOOD) == (Verdict.CONFORMING, "released-as-ordered")
    assert manual(replace(GOOD, began_at=limit)) == (Verdict.CONFORMING, "released-as-ordered")
    assert manual(replace(GOOD, began_at=limit + INSTANT)) == (Verdict.DEVIATING, "begun-late")


def test_without_a_planned_time_it_is_due_when_it_is_approved() -> None:
    at_once = replace(GOOD, planned_at=GOOD.ordered_at)

    assert at_once.due_at == at_once.decided_at
    assert manual(replace(at_once, began_at=at_once.due_at + WITHIN))[0] is Verdict.CONFORMING


def test_the_worst_thing_about_what_serves_is_said_first() -> None:
    stray = replace(SEEN, stray_since=NOON, strays=("web-2",))
    missing = Seen(Evidence.MISSING, plain("nobody"))

    assert manual(GOOD, serving=stray) == (Verdict.DEVIATING, "no-release-brought-it")
    assert manual(GOOD, serving=stray, approval=missing) == (Verdict.DEVIATING, "released-without-approval")
    assert manual(GOOD, approval=None) == (Verdict.CONFORMING, "released-as-ordered")


def test_a_look_is_good_for_five_minutes() -> None:
    old = replace(SEEN, answered_at=NOON - MINUTE, trouble=plain("web-1 is away"))

    assert manual(GOOD, serving=old)[0] is Verdict.CONFORMING
    older = replace(old, answered_at=NOON - MINUTE - INSTANT)
    assert manual(GOOD, serving=older)[0] is Verdict.NOT_MEASURABLE
    assert judging.by_order([GOOD], YES, older, SYSTEM, NOON + 4 * MINUTE, WITHIN).reason == plain(
        "web-1 is away"
    )


def test_what_was_brought_just_now_needs_no_look_yet() -> None:
    unseen, end = replace(SEEN, answered_at=None), NOON + MINUTE + judging.STALE

    assert unseen.judged(SYSTEM, end) is None
    for serving, now in (
        (unseen, end + INSTANT),
        (replace(unseen, trouble=plain("web-1 is away")), NOON + MINUTE),
        (replace(unseen, current=None), NOON + MINUTE),
    ):
        judged = serving.judged(SYSTEM, now)
        assert judged is not None
        assert judged.verdict is Verdict.NOT_MEASURABLE


def test_the_version_that_an_environment_began_with_is_to_serve_as_well() -> None:
    stray = replace(SEEN, stray_since=NOON, strays=("web-2",))

    assert manual(serving=SEEN) == (Verdict.NOT_DUE, "none-released-yet")
    assert manual(serving=stray) == (Verdict.DEVIATING, "no-release-brought-it")
    assert manual(serving=replace(stray, current=None)) == (Verdict.NOT_DUE, "none-released-yet")


def test_a_failed_attempt_warns_until_another_serves() -> None:
    failed = replace(GOOD, number=8, state="failed", served_at=None, note=plain("no space left"))

    assert manual(failed, GOOD) == (Verdict.WARNING, "has-failed")
    assert manual(failed) == (Verdict.WARNING, "has-failed")
    assert manual(replace(GOOD, number=9), failed, GOOD)[0] is Verdict.CONFORMING
    assert manual(replace(failed, number=9, state="planned"), failed, GOOD) == (Verdict.WARNING, "has-failed")


def test_the_next_planned_release_is_due() -> None:
    planned = [
        replace(GOOD, number=n, state="planned", served_at=None, planned_at=NOON + n * HOUR) for n in (9, 8)
    ]

    assert judging.by_order([*planned, GOOD], YES, SEEN, SYSTEM, NOON, WITHIN).next_due == NOON + 8 * HOUR


AUTOMATIC = replace(
    GOOD, kind="automatic", ordered_at=NOON, planned_at=NOON, decided_at=NOON, served_at=NOON + WITHIN
)


def triggered(
    *history: Outcome, now: datetime = NOON + MINUTE, untold: Message = NOTHING
) -> tuple[Verdict, str]:
    return found(
        judging.by_trigger(history, replace(SEEN, answered_at=now), Told(untold), SYSTEM, now, WITHIN)
    )


def test_a_trigger_leads_to_a_version_within_a_quarter_of_an_hour() -> None:
    late = replace(AUTOMATIC, served_at=NOON + WITHIN + INSTANT)
    waits = replace(AUTOMATIC, number=8, state="running", served_at=None)

    assert triggered(AUTOMATIC) == (Verdict.CONFORMING, "brought-by-itself")
    assert triggered(late) == (Verdict.DEVIATING, "not-brought-in-time")
    assert triggered(waits, AUTOMATIC, now=NOON + WITHIN)[1] == "brought-by-itself"
    assert triggered(waits, AUTOMATIC, now=NOON + WITHIN + INSTANT)[1] == "not-brought-in-time"
    assert triggered(waits) == (Verdict.NOT_DUE, "no-trigger-yet")
    assert triggered() == (Verdict.NOT_DUE, "no-trigger-yet")


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("failed", Verdict.DEVIATING),
        ("rolled-back", Verdict.DEVIATING),
        ("aborted", Verdict.NOT_PERFORMED),
        ("watched", Verdict.CONFORMING),
    ],
)
def test_an_automatic_release_is_as_good_as_its_end(state: str, verdict: Verdict) -> None:
    assert triggered(replace(AUTOMATIC, state=state))[0] is verdict


def test_a_silent_source_hides_triggers_but_no_failure() -> None:
    untold = plain("github does not answer")

    assert triggered(AUTOMATIC, untold=untold)[0] is Verdict.NOT_MEASURABLE
    assert triggered(replace(AUTOMATIC, state="failed"), untold=untold)[0] is Verdict.DEVIATING


def test_what_is_held_back_warns() -> None:
    held = Told(plain("?"), plain("review is missing"))
    serving = replace(SEEN, answered_at=NOON)

    assert judging.by_trigger([AUTOMATIC], serving, held, SYSTEM, NOON, WITHIN).verdict is Verdict.WARNING
    assert judging.by_trigger([], serving, held, SYSTEM, NOON, WITHIN).reason == plain("review is missing")


RULE = read_schedule("毎月第2火曜")
assert RULE is not None
CALENDAR = ReleaseCalendar(RULE, time(20), SYSTEM, WITHIN)
MIDNIGHT = NOON - 12 * HOUR
WINDOW = ReleaseWindow(NOON + 8 * HOUR, MIDNIGHT, MIDNIGHT + 24 * HOUR)
LATER = NOON + 24 * HOUR


@pytest.mark.parametrize(
    ("offer", "expected"),
    [
        (None, (Verdict.NOT_DUE, "no-date-yet")),
        (Offer(WINDOW, GOOD), (Verdict.CONFORMING, "released-on-its-day")),
        (Offer(WINDOW, None), (Verdict.NOT_DUE, "nothing-new")),
        (Offer(WINDOW, None, "v2"), (Verdict.NOT_PERFORMED, "not-released")),
    ],
)
def test_a_date_is_kept_missed_or_was_not_needed(offer: Offer | None, expected: tuple[Verdict, str]) -> None:
    judgement = judging.by_calendar(CALENDAR, offer, None, LATER)

    assert found(judgement) == expected
    assert judgement.next_due == datetime(2026, 5, 12, 20, tzinfo=NOON.tzinfo)


def test_a_release_outside_deviates_whatever_the_last_date_was() -> None:
    judgement = judging.by_calendar(CALENDAR, Offer(WINDOW, GOOD), replace(GOOD, number=9), LATER)

    assert found(judgement) == (Verdict.DEVIATING, "outside-without-cause")
    assert judgement.proof["release"] == 9


def test_every_recent_patch_cites_its_cause() -> None:
    cited, uncited = replace(GOOD, cause="OPS-12"), replace(GOOD, cause="急ぎ")

    assert found(judging.by_cause([cited, cited], SYSTEM)) == (Verdict.CONFORMING, "cites")
    assert found(judging.by_cause([cited, uncited], SYSTEM)) == (Verdict.DEVIATING, "cites-nothing")
    assert found(judging.by_cause([], SYSTEM)) == (Verdict.NOT_DUE, "no-patch-yet")


FIVE = 5 * MINUTE
BACK = replace(GOOD, kind="rollback", decided_at=NOON, served_at=NOON + FIVE, checked_at=NOON + FIVE)
NO_DRILL = DrillDate()


def rolled(
    outcome: Outcome | None, cause: Cause | None = None, drill: DrillDate = NO_DRILL
) -> tuple[Verdict, str]:
    return found(judging.by_rollback(outcome, FIVE, cause, drill, SYSTEM))


def test_the_promise_for_a_rollback_is_kept_to_the_second() -> None:
    assert rolled(BACK) == (Verdict.CONFORMING, "phases")
    assert rolled(replace(BACK, served_at=NOON + FIVE + INSTANT)) == (Verdict.DEVIATING, "rollback-too-slow")
    assert rolled(replace(BACK, checked_at=None)) == (Verdict.DEVIATING, "rollback-not-checked")
    assert rolled(replace(BACK, state="failed")) == (Verdict.DEVIATING, "rollback-failed")
    assert rolled(None) == (Verdict.NOT_DUE, "no-drill-planned")
    assert rolled(None, drill=DrillDate(LATER)) == (Verdict.NOT_DUE, "no-rollback-yet")


def test_without_a_promise_no_time_is_too_long() -> None:
    slow = replace(BACK, served_at=NOON + 24 * HOUR, checked_at=NOON + 24 * HOUR)

    assert judging.by_rollback(slow, None, None, NO_DRILL, SYSTEM).verdict is Verdict.CONFORMING


def test_a_cause_that_nobody_looked_for_is_not_performed() -> None:
    assert rolled(BACK, Cause(None, plain("until Friday")))[0] is Verdict.CONFORMING
    assert rolled(BACK, Cause(False, plain("overdue")))[0] is Verdict.NOT_PERFORMED
    assert rolled(BACK, Cause(True, plain("found")))[0] is Verdict.CONFORMING


def test_a_missed_drill_counts_until_a_rollback_or_drill_follows() -> None:
    missed = DrillDate(LATER, NOON - 2 * HOUR)

    assert rolled(replace(BACK, ordered_at=NOON - 3 * HOUR), drill=missed) == (
        Verdict.NOT_PERFORMED,
        "drill-not-held",
    )
    assert rolled(BACK, drill=missed)[0] is Verdict.CONFORMING
    assert rolled(None, drill=missed)[0] is Verdict.NOT_PERFORMED


def test_a_row_of_two_services_is_as_bad_as_the_worse() -> None:
    good, bad = Judgement(Verdict.CONFORMING, NOTHING), Judgement(Verdict.DEVIATING, NOTHING)

    assert worst([good, bad]) is bad
    assert worst([]) is None


STATES = st.sampled_from(["planned", "running", "watched", "done", "failed", "rolled-back", "aborted"])


@st.composite
def histories(draw: st.DrawFn) -> Sequence[Outcome]:
    """Draw releases as they can be, newest first."""
    made = []
    for number in range(draw(st.integers(0, 6)), 0, -1):
        state, wait = draw(STATES), draw(st.integers(0, 40))
        served = state in ("watched", "done", "rolled-back")
        ordered = NOON + number * HOUR
        made.append(
            replace(
                AUTOMATIC,
                number=number,
                state=state,
                ordered_at=ordered,
                planned_at=ordered,
                decided_at=ordered,
                began_at=ordered + wait * MINUTE if state != "planned" else None,
                served_at=ordered + wait * MINUTE if served else None,
            )
        )
    return made


@settings(max_examples=60, deadline=None)
@given(histories(), st.booleans())
def test_any_history_of_triggers_is_judged_by_its_newest_release_that_can_be(
    history: Sequence[Outcome], is_known: bool
) -> None:
    now = NOON + 10 * HOUR
    serving = replace(SEEN, answered_at=now)

    told = Told() if is_known else Told(plain("?"))
    verdict = judging.by_trigger(history, serving, told, SYSTEM, now, WITHIN).verdict

    newest = next(iter(history), None)
    if newest is None or newest.state in ("done", "watched"):
        served_at = newest.served_at if newest is not None else None
        in_time = newest is None or (served_at is not None and served_at <= newest.ordered_at + WITHIN)
        good = Verdict.NOT_DUE if newest is None else Verdict.CONFORMING
        known = good if is_known else Verdict.NOT_MEASURABLE
        assert verdict is (known if in_time else Verdict.DEVIATING)
    elif newest.state == "aborted":
        assert verdict is Verdict.NOT_PERFORMED
    else:
        # Failed, rolled back, or still on its way hours after its trigger.
        assert verdict is Verdict.DEVIATING


@settings(max_examples=60, deadline=None)
@given(histories(), st.booleans(), st.booleans())
def test_no_history_conforms_unapproved_or_with_a_stray(
    history: Sequence[Outcome], is_approved: bool, is_stray: bool
) -> None:
    now = NOON + 10 * HOUR
    serving = replace(SEEN, answered_at=now, stray_since=NOON if is_stray else None, strays=("web-1",))
    approval = YES if is_approved else Seen(Evidence.MISSING, plain("nobody"))

    verdict = judging.by_order(history, approval, serving, SYSTEM, now, WITHIN).verdict

    has_served = any(each.served_at is not None for each in history)
    assert (verdict is Verdict.DEVIATING) >= (is_stray or (has_served and not is_approved))
    assert has_served or is_stray or verdict in (Verdict.NOT_DUE, Verdict.WARNING)
