"""Whether it is being decided that an instance is down, by the watches of a target's rows."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from toban.chapters.monitoring.limits import limits_of
from toban.chapters.monitoring.measuring.feeds import JudgedMonitor
from toban.chapters.monitoring.measuring.suspects import NOBODY, suspects
from toban.chapters.monitoring.report import MonitorReport, signals
from toban.chapters.monitoring.rules import ConditionReason, InstanceWatch
from toban.design.clauses.monitoring import Monitor
from toban.design.origin import Origin
from toban.design.values.metric import Metric
from toban.design.values.quantity import Quantity
from toban.design.values.threshold import Comparison, Threshold
from toban.engine.notify.signal import UNDECIDED, Condition

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def monitor(item: str, metric: Metric, critical: Threshold) -> JudgedMonitor:
    row = Monitor(
        id=f"monitoring/monitor/API/{item}",
        origin=Origin("運用設計書.md", 41),
        text=f"API | {item}",
        target="API",
        item=item,
        metric=metric,
        normal=None,
        warning=None,
        critical=critical,
        interval=None,
    )
    return JudgedMonitor(row, limits_of(row))


UP = monitor("死活", Metric.UP, Threshold(Quantity(Decimal(1), ""), comparison=Comparison.BELOW))
ERRORS = monitor("エラー率", Metric.ERROR_RATE, Threshold(Quantity(Decimal(5), "%"), is_bare=True))


def watch(condition: Condition, instance: str = "api-1", at: datetime = NOON) -> InstanceWatch:
    return InstanceWatch(instance, condition, at, ConditionReason.REACHED, value=1.0, measured_at=at)


def found(ups: list[InstanceWatch], errors: list[InstanceWatch]) -> Mapping[str, Mapping[str, InstanceWatch]]:
    return {
        UP.monitor.id: {each.instance: each for each in ups},
        ERRORS.monitor.id: {each.instance: each for each in errors},
    }


FINE, BAD = watch(Condition.OK), watch(Condition.CRITICAL)
FAILING = replace(FINE, critical_since=NOON)


@pytest.mark.parametrize(
    ("up", "bad", "explains"),
    [
        pytest.param(FAILING, BAD, True, id="it has just not answered"),
        pytest.param(FINE, watch(Condition.CRITICAL, at=NOON + SECOND), True, id="nobody has asked since"),
        pytest.param(FINE, BAD, False, id="it answered when the other row was bad"),
        pytest.param(replace(FAILING, condition=Condition.CRITICAL), BAD, False, id="it is known to be down"),
        pytest.param(FAILING, watch(Condition.CRITICAL, "api-1 /var"), True, id="a part of it"),
    ],
)
def test_what_may_be_down_explains_what_is_bad(up: InstanceWatch, bad: InstanceWatch, explains: bool) -> None:
    by_target = suspects([UP, ERRORS], found([up, watch(Condition.OK, "api-2", bad.began_at)], [bad]))

    assert ("API" in by_target and by_target["API"].explain(bad.instance)) is explains


def test_a_target_without_trouble_has_no_suspects() -> None:
    assert suspects([UP, ERRORS], found([FAILING], [watch(Condition.OK)])) == {}


def test_a_target_of_which_all_may_be_down_explains_what_is_measured_elsewhere() -> None:
    by_target = suspects([UP, ERRORS], found([FAILING], [watch(Condition.CRITICAL, "balancer")]))

    assert by_target["API"].explain("balancer")


def test_one_of_several_that_may_be_down_does_not_explain_the_others() -> None:
    by_target = suspects(
        [UP, ERRORS], found([FAILING, watch(Condition.OK, "api-2")], [watch(Condition.CRITICAL, "api-2")])
    )

    assert not by_target["API"].explain("api-2")


def test_the_time_since_which_nobody_asked_is_that_of_the_newest_trouble() -> None:
    late = watch(Condition.CRITICAL, at=NOON + SECOND)

    assert suspects([UP, ERRORS], found([FINE], [late]))["API"].unasked_since == late.began_at
    assert suspects([UP, ERRORS], found([FAILING], [BAD]))["API"].unasked_since is None


def test_only_bad_signals_of_other_rows_are_labelled() -> None:
    by_target = suspects([UP, ERRORS], found([FAILING], [BAD]))

    def labelled(judged: JudgedMonitor, seen: InstanceWatch) -> list[bool]:
        row = MonitorReport(judged, [seen], suspects=by_target["API"])
        return [UNDECIDED in each.labels for each in signals(row, NOON)]

    assert labelled(ERRORS, BAD) == [True]
    assert labelled(ERRORS, watch(Condition.OK)) == [False]
    assert labelled(UP, BAD) == [False]


@pytest.mark.parametrize(
    ("other", "waits"),
    [
        pytest.param(replace(FAILING, instance="api-2"), True, id="it has just not answered, either"),
        pytest.param(watch(Condition.OK, "api-2", NOON - SECOND), True, id="nobody has asked it since"),
        pytest.param(watch(Condition.OK, "api-2"), False, id="it answered when the first was down"),
        pytest.param(watch(Condition.CRITICAL, "api-2"), False, id="both are known to be down"),
    ],
)
def test_an_instance_that_is_down_waits_for_what_the_others_of_its_target_say(
    other: InstanceWatch, waits: bool
) -> None:
    by_target = suspects([UP, ERRORS], found([BAD, other], []))
    row = MonitorReport(UP, [BAD, other], suspects=by_target.get("API", NOBODY))

    undecided = [
        UNDECIDED in each.labels for each in signals(row, NOON) if each.labels["instance"] == "api-1"
    ]

    assert undecided == [waits]


def test_nobody_asks_all_instances_of_a_large_target_because_one_is_down() -> None:
    others = [watch(Condition.OK, f"web-{n}", NOON - SECOND) for n in range(10)]

    assert suspects([UP, ERRORS], found([BAD, *others], [])) == {}
    assert suspects([UP, ERRORS], found([BAD, *others[1:]], [])) != {}
