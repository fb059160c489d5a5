"""The services of the public page, followed over time."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.registered import schema

from toban.chapters.objectives.bindings import STATUS
from toban.chapters.objectives.models import LevelDay, ServiceSpell
from toban.chapters.objectives.publishing import publishing
from toban.chapters.objectives.publishing.public import StatusPage
from toban.chapters.objectives.service import Objectives
from toban.chapters.objectives.sli import plan
from toban.design.reader import read_design
from toban.design.values.metric import Metric
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.section import Section
from toban.engine.notify import orders
from toban.engine.notify.alerts import report
from toban.engine.notify.signal import Condition, Signal
from toban.engine.telemetry.samples import Point
from toban.engine.telemetry.store import StoreUnavailable
from toban.message import plain

pytestmark = pytest.mark.django_db

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 4, 10, 12, tzinfo=TOKYO)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DESIGN = read_design(
    "# 運用設計書\n## 1. 運用方針\n### サービス提供時間\n- **メンテナンス**: 毎月第2日曜日 2:00-4:00\n",
    "運用設計書.md",
)


class Probe(Section):
    pass


BINDINGS = read_bindings(
    """
[targets.API]
sources = [{ kind = "probe" }]
[status]
title = "稼働状況"
[[status.services]]
name = "店"
target = "API"
""",
    Path("toban.toml"),
    schema(sources={"probe": Probe}),
)


class Probed:
    """A telemetry store with one value of `up` per minute: the last one set, or none."""

    def __init__(self) -> None:
        self.up: float | None = 1.0
        self.is_away = False

    def series(
        self, metric: Metric, _target: str, _instance: str | None, start: datetime, end: datetime, points: int
    ) -> Iterator[Point]:
        assert metric is Metric.UP
        if self.is_away:
            raise StoreUnavailable("the telemetry store does not answer")
        if self.up is not None:
            step = (end - start) / points
            for number in range(points):
                yield Point(start + number * step, self.up, self.up, self.up)


@pytest.fixture
def probed() -> Probed:
    return Probed()


def look(probed: Probed, now: datetime) -> str:
    publishing.look(probed, DESIGN, BINDINGS, now)  # type: ignore[arg-type]
    return ServiceSpell.objects.get(ended_at=None).state


def board(now: datetime) -> StatusPage:
    status = STATUS.of(BINDINGS)
    assert status is not None
    return publishing.board(status, DESIGN, BINDINGS, now)


def test_an_outage_is_one_spell_from_its_first_check_to_the_check_after_its_end(probed: Probed) -> None:
    states = []
    for minute in range(6):
        probed.up = 0.0 if 2 <= minute < 4 else 1.0
        states.append(look(probed, NOON + minute * MINUTE))

    assert states == ["operational", "operational", "down", "down", "operational", "operational"]
    (trouble,) = board(NOON + 6 * MINUTE).troubles
    assert (trouble.began_at, trouble.ended_at) == (NOON + 2 * MINUTE, NOON + 4 * MINUTE)


def test_a_restarted_worker_continues_the_open_spell(probed: Probed) -> None:
    look(probed, NOON)

    look(probed, NOON + HOUR)

    spell = ServiceSpell.objects.get()
    assert (spell.began_at, spell.seen_at) == (NOON, NOON + HOUR)


@pytest.mark.parametrize("trouble", ["gap", "away"])
def test_nothing_is_claimed_without_measurements(probed: Probed, trouble: str) -> None:
    look(probed, NOON)
    probed.up, probed.is_away = (None, False) if trouble == "gap" else (1.0, True)

    assert look(probed, NOON + MINUTE) == "unknown"


def test_a_critical_alert_degrades_a_service_that_still_answers(probed: Probed) -> None:
    signal = Signal(
        key="k", clause_id="x", citation="d:1", clause_text="x", condition=Condition.CRITICAL,
        subject=plain("x"), value=plain("1"), limit=plain("0"), began_at=NOON, detected_at=NOON,
        labels={"target": "API", "item": "error_rate"},
    )  # fmt: skip
    report([signal], NOON)

    assert look(probed, NOON) == "degraded"


def test_open_maintenance_is_shown_as_such_with_its_full_length(probed: Probed) -> None:
    orders.announce_maintenance(["API"], "増設", starts_at=NOON, ends_at=NOON + HOUR, by="nami", now=NOON)
    probed.up = 0.0

    states = [look(probed, NOON + minutes * MINUTE) for minutes in (0, 59, 60)]

    assert states == ["maintenance", "maintenance", "down"]
    within = board(NOON + 30 * MINUTE).maintenance
    assert (within[0].start, within[0].end) == (NOON, NOON + HOUR)
    # 12 April is the second Sunday.
    sunday = datetime(2026, 4, 12, 2, tzinfo=TOKYO)
    assert (within[1].start, within[1].end) == (sunday, sunday + 2 * HOUR)


def test_maintenance_of_another_target_does_not_affect_the_service(probed: Probed) -> None:
    orders.announce_maintenance(["Web"], "増設", starts_at=NOON, ends_at=NOON + HOUR, by="nami", now=NOON)

    assert look(probed, NOON) == "operational"


def test_the_services_days_are_counted_with_the_levels(probed: Probed) -> None:
    probed.up = 0.75

    Objectives(probed).step(plan(DESIGN, BINDINGS), DESIGN, BINDINGS, NOON, DESIGN.digest)  # type: ignore[arg-type]

    day = LevelDay.objects.get(objective="status/店", day=NOON.date())
    assert (day.covered, day.amount) == (12 * 3600, 9 * 3600)
    assert board(NOON).services[0].share == 75
