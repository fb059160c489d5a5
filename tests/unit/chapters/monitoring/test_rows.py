"""A row and its instances from one step to the next, without a database."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from toban.chapters.monitoring.limits import limits_of
from toban.chapters.monitoring.measuring.board import FeedSlot
from toban.chapters.monitoring.measuring.feeds import Feed, JudgedMonitor
from toban.chapters.monitoring.rows import after
from toban.chapters.monitoring.rules import ConditionReason, InstanceWatch
from toban.chapters.monitoring.source import Measurement
from toban.design.clauses.monitoring import Monitor
from toban.design.origin import Origin
from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.metric import Metric
from toban.design.values.quantity import Quantity
from toban.design.values.threshold import Threshold
from toban.engine.bindings.model import KindBinding
from toban.engine.bindings.section import Section
from toban.engine.notify.signal import Condition

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
ROW = Monitor(
    id="monitoring/monitor/Web-disk",
    origin=Origin("運用設計書.md", 34),
    text="Web | ディスク使用率 | 90%",
    target="Web",
    item="ディスク使用率",
    metric=Metric.DISK_USAGE,
    normal=None,
    warning=None,
    critical=Threshold(Quantity(Decimal(90), "%"), is_bare=True),
    interval=Duration(Decimal(1), TimeUnit.MINUTE),
)
DISKS = JudgedMonitor(ROW, limits_of(ROW))


class Place:
    """A source that nobody asks."""

    instance = ""

    def measure(self, now: datetime) -> Sequence[Measurement]:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


def slot(label: str) -> FeedSlot:
    bound = KindBinding[Any]("place", Section(), 1)
    feed = Feed("Web", bound, timedelta(seconds=15))
    return FeedSlot(feed, Place(), frozenset((Metric.DISK_USAGE,)), label, since=NOON, answers=2)


def full(*instances: str) -> dict[str, InstanceWatch]:
    return {
        each: InstanceWatch(each, Condition.OK, NOON, ConditionReason.NORMAL, 50.0, NOON)
        for each in instances
    }


@pytest.mark.parametrize(
    ("places", "goes_on", "is_gone"),
    [
        pytest.param(["web-1"], ["web-1", "web-1 /var", "web-1 /mnt/my disk"], ["web-10", "web-10 /"]),
        pytest.param(["web-1", "web-10"], ["web-1 /var", "web-10 /"], ["web-2 /"]),
        pytest.param(["web-1 (prometheus)"], ["web-1 (prometheus) /"], ["web-1", "web-1 /"]),
    ],
)
def test_parts_of_a_place_go_on_with_it(places: list[str], goes_on: list[str], is_gone: list[str]) -> None:
    found = after(full(*goes_on, *is_gone), (), judged=DISKS, slots=[slot(each) for each in places], now=NOON)

    assert sorted(found) == sorted(goes_on)
    assert all(each.condition is Condition.OK for each in found.values())


def test_an_instance_is_silent_exactly_when_its_patience_ends() -> None:
    patience = DISKS.limits.patience
    moments = [NOON + patience - timedelta(milliseconds=1), NOON + patience]

    found = [after(full("web-1 /"), (), judged=DISKS, slots=[slot("web-1")], now=now) for now in moments]

    assert [each["web-1 /"].condition for each in found] == [Condition.OK, Condition.NO_DATA]
    assert str(found[1]["web-1 /"].note) == "web-1: 「ディスク使用率」の値がありません"


def test_a_step_takes_time_in_proportion_to_the_instances() -> None:
    def seconds(count: int) -> float:
        slots, watches = [slot(f"web-{n}") for n in range(count)], full(*(f"web-{n} /" for n in range(count)))
        taken = []
        for _ in range(3):
            began = time.thread_time()
            after(watches, (), judged=DISKS, slots=slots, now=NOON)
            taken.append(time.thread_time() - began)
        return min(taken)

    assert seconds(2000) < 40 * seconds(200)
