"""The status and the signals of a row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from toban.chapters.monitoring.limits import limits_of
from toban.chapters.monitoring.measuring.feeds import JudgedMonitor
from toban.chapters.monitoring.report import MonitorReport, gone, signals, status
from toban.chapters.monitoring.rules import ConditionReason, InstanceWatch
from toban.design.clauses.monitoring import Monitor
from toban.design.origin import Origin
from toban.design.values.metric import Metric
from toban.design.values.quantity import Quantity
from toban.design.values.threshold import Threshold
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.signal import UNREACHABLE, WHOLE_TARGET, Condition
from toban.message import NOTHING, Message, plain

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MONITOR = Monitor(
    id="monitoring/monitor/Webサーバー/CPU使用率",
    origin=Origin("運用設計書.md", 34),
    text="Webサーバー | CPU使用率 | 85%",
    target="Webサーバー",
    item="CPU使用率",
    metric=Metric.CPU_USAGE,
    normal=None,
    warning=None,
    critical=Threshold(Quantity(Decimal(85), "%"), is_bare=True),
    interval=None,
    response="プロセスを再起動する",
)
JUDGED = JudgedMonitor(MONITOR, limits_of(MONITOR))


_REASONS = {Condition.NO_DATA: ConditionReason.SILENT, Condition.OK: ConditionReason.NORMAL}


def row(condition: Condition | None, *, note: Message = NOTHING, value: float | None = 92.4) -> MonitorReport:
    reason = _REASONS.get(condition, ConditionReason.REACHED) if condition else ConditionReason.WAITING
    watch = InstanceWatch("web-1", condition, NOON, reason, value=value, measured_at=NOON, note=note)
    return MonitorReport(JUDGED, [watch])


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        (None, Verdict.NOT_MEASURABLE),
        (Condition.OK, Verdict.CONFORMING),
        (Condition.WARNING, Verdict.WARNING),
        (Condition.CRITICAL, Verdict.DEVIATING),
        (Condition.NO_DATA, Verdict.NOT_MEASURABLE),
    ],
)
def test_a_condition_becomes_a_verdict_and_missing_data_is_never_green(
    condition: Condition | None, verdict: Verdict
) -> None:
    assert status(row(condition), NOON).verdict is verdict


@pytest.mark.parametrize("reason", [ConditionReason.BETWEEN, ConditionReason.HOLDING])
def test_a_value_that_is_neither_normal_nor_a_warning_is_a_verdict_of_its_own(
    reason: ConditionReason,
) -> None:
    between = replace(row(Condition.OK).watches[0], reason=reason)

    assert status(MonitorReport(JUDGED, [between]), NOON).verdict is Verdict.BETWEEN


def test_a_status_includes_the_measurement_as_proof() -> None:
    update = status(row(Condition.CRITICAL), NOON)

    assert (str(update.value), update.observed_at) == ("92.4%", NOON)
    assert update.proof is not None
    assert update.proof["value"] == 92.4
    assert update.proof["instance"] == "web-1"


def test_a_signal_cites_the_row_names_the_limit_and_says_what_to_do() -> None:
    later = NOON + timedelta(seconds=1)

    (told,) = signals(row(Condition.CRITICAL), later)

    assert told.key == f"{MONITOR.id}/web-1"
    assert (told.citation, told.clause_text) == ("運用設計書.md:34", MONITOR.text)
    said = [told.subject, told.value, told.limit]
    assert [str(each) for each in said] == ["Webサーバー CPU使用率", "92.4%", "異常 85%以上"]
    assert (told.began_at, told.detected_at) == (NOON, later)
    assert told.advice == plain("プロセスを再起動する")


def test_missing_data_is_announced_with_its_reason_and_not_the_last_value() -> None:
    note = Message("monitoring.at-place", place="web-1", said=Message("monitoring.not-connected"))

    (told,) = signals(row(Condition.NO_DATA, note=note), NOON)

    assert (told.condition, told.value, told.limit) == (Condition.NO_DATA, note, NOTHING)


def test_nothing_is_announced_before_anything_is_known() -> None:
    assert list(signals(row(None, value=None), NOON)) == []


def of_two(first: Condition, second: Condition) -> MonitorReport:
    return MonitorReport(
        JUDGED, [InstanceWatch(name, each, NOON) for name, each in (("web-1", first), ("web-2", second))]
    )


def test_every_instance_is_named_in_its_own_signal() -> None:
    told = list(signals(of_two(Condition.CRITICAL, Condition.OK), NOON))

    assert [(each.key, each.condition) for each in told] == [
        (f"{MONITOR.id}/web-1", Condition.CRITICAL),
        (f"{MONITOR.id}/web-2", Condition.OK),
    ]
    assert str(told[0].subject) == "Webサーバー CPU使用率（web-1）"


@pytest.mark.parametrize(("other", "is_whole"), [(Condition.OK, False), (Condition.CRITICAL, True)])
def test_a_condition_of_all_instances_is_that_of_the_whole_target(other: Condition, is_whole: bool) -> None:
    told, _ = signals(of_two(Condition.CRITICAL, other), NOON)

    assert (WHOLE_TARGET in told.labels) is is_whole


@pytest.mark.parametrize(
    ("condition", "is_labelled"),
    [
        (Condition.NO_DATA, True),
        (Condition.CRITICAL, True),
        (Condition.WARNING, False),
        (Condition.OK, False),
    ],
)
def test_only_what_is_bad_is_called_unreachable(condition: Condition, is_labelled: bool) -> None:
    (told,) = signals(replace(row(condition), is_unreachable=True), NOON)

    assert (UNREACHABLE in told.labels) is is_labelled


def test_an_instance_no_longer_measured_is_resolved_with_the_reason() -> None:
    told = gone(JUDGED, InstanceWatch("web-1", Condition.CRITICAL, NOON, value=92.4), NOON)

    assert (told.key, told.condition) == (f"{MONITOR.id}/web-1", Condition.OK)
    assert str(told.value) == "測定の対象から外れました"


def test_what_was_normal_and_still_is_signals_nothing_but_counts_among_the_instances() -> None:
    bad, fine = row(Condition.CRITICAL).watches[0], row(Condition.OK, value=20.0).watches[0]
    watches = [bad, replace(fine, instance="web-2"), replace(fine, instance="web-3")]

    [of_bad, of_new] = signals(MonitorReport(JUDGED, watches, resting=frozenset(("web-2",))), NOON)

    assert [of_bad.key, of_new.key] == [f"{MONITOR.id}/web-1", f"{MONITOR.id}/web-3"]
    assert str(of_bad.subject) == "Webサーバー CPU使用率（web-1）"
    assert WHOLE_TARGET not in of_bad.labels
