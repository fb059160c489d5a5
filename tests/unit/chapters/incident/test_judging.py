"""The verdicts on the rows about levels and the flow, and the steps that evidence proves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from toban.chapters.incident.clocks.rules import IncidentTimes, Limits
from toban.chapters.incident.declaring.stages import StageFacts, proven
from toban.chapters.incident.rows.flow import FlowOccasion, Owed, judge_flow
from toban.chapters.incident.rows.levels import LevelOccasion, judge_level
from toban.design.clauses.incident import FlowStage
from toban.engine.evidence.verdict import Verdict
from toban.message import plain

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LIMITS = Limits(NOON + HOUR, NOON + 4 * HOUR)


def occasion(
    responded: timedelta | None, recovered: timedelta | None, *, number: int = 1, is_drill: bool = False
) -> LevelOccasion:
    at, over = (NOON + each if each is not None else None for each in (responded, recovered))
    return LevelOccasion(number, IncidentTimes(NOON, at, over, LIMITS), is_drill)


KEPT = occasion(MINUTE, HOUR)
LATE = occasion(MINUTE, 5 * HOUR)
DRILL = occasion(MINUTE, HOUR, number=9, is_drill=True)


def test_a_level_without_an_incident_is_not_due() -> None:
    assert judge_level([], [], NOON).verdict is Verdict.NOT_DUE


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        (timedelta(0), Verdict.CONFORMING),
        (45 * MINUTE, Verdict.WARNING),
        (HOUR + MINUTE, Verdict.DEVIATING),
    ],
)
def test_an_incident_that_nobody_takes_deviates_after_its_time(now: timedelta, verdict: Verdict) -> None:
    assert judge_level([occasion(None, None)], [KEPT], NOON + now).verdict is verdict


def test_one_that_is_not_over_in_time_deviates() -> None:
    found = judge_level([occasion(MINUTE, None)], [], NOON + 5 * HOUR)

    assert (found.verdict, found.reason.code) == (Verdict.DEVIATING, "incident.row-recovery-overdue")
    assert found.proof["incident"] == 1


def test_the_last_incident_decides_once_it_is_closed() -> None:
    assert judge_level([], [KEPT, LATE], NOON + 9 * HOUR).verdict is Verdict.CONFORMING
    assert judge_level([], [LATE, KEPT], NOON + 9 * HOUR).verdict is Verdict.DEVIATING


def test_a_game_day_counts_only_where_nothing_real_happened() -> None:
    assert judge_level([], [DRILL], NOON).reason.code == "incident.row-kept-in-drill"
    assert judge_level([], [DRILL, LATE], NOON).verdict is Verdict.DEVIATING


def flow(number: int = 1, **more: Any) -> FlowOccasion:
    values: Any = {"count": 2, "left": ["報告書"], **more}
    return FlowOccasion(number=number, **values)


OVERDUE = [Owed("報告書", NOON - HOUR)]


@pytest.mark.parametrize(
    ("one", "verdict"),
    [
        (flow(), Verdict.CONFORMING),
        (flow(update_due=NOON - MINUTE), Verdict.WARNING),
        (flow(update_due=NOON), Verdict.CONFORMING),
        (flow(owed=OVERDUE), Verdict.NOT_PERFORMED),
        (flow(owed=[Owed("報告書", NOON - HOUR, NOON)]), Verdict.DEVIATING),
        (flow(owed=[Owed("報告書", NOON, NOON)]), Verdict.CONFORMING),
    ],
)
def test_the_flow_of_an_open_incident(one: FlowOccasion, verdict: Verdict) -> None:
    assert judge_flow([one], [], NOON).verdict is verdict


@pytest.mark.parametrize(
    ("last", "verdict"),
    [
        (flow(left=[]), Verdict.CONFORMING),
        (flow(), Verdict.DEVIATING),
        (flow(is_drill=True), Verdict.CONFORMING),
    ],
)
def test_the_flow_of_the_last_incident(last: FlowOccasion, verdict: Verdict) -> None:
    assert judge_flow([], [last], NOON).verdict is verdict
    assert judge_flow([], [], NOON).verdict is Verdict.NOT_DUE


ALL = tuple(FlowStage)


def facts(**more: Any) -> StageFacts:
    return StageFacts(NOON, plain("alert 1"), **more)


def test_only_the_detection_is_proven_at_first() -> None:
    assert [each.step for each in proven(ALL, facts())] == [1]


def test_evidence_proves_notice_recovery_report_and_measures() -> None:
    known = facts(told_at=NOON, recovered_at=NOON, report_approved_at=NOON, measures_kept_at=NOON)

    assert [ALL[each.step - 1] for each in proven(ALL, known)] == [
        FlowStage.DETECTION,
        FlowStage.NOTICE,
        FlowStage.INTERIM,
        FlowStage.REPORT,
        FlowStage.PREVENTION,
    ]


def test_a_second_step_of_a_kind_is_a_persons() -> None:
    stages = (FlowStage.DETECTION, FlowStage.NOTICE, None, FlowStage.NOTICE)

    assert [each.step for each in proven(stages, facts(told_at=NOON))] == [1, 2]
