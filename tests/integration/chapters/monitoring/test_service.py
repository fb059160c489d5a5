"""Monitoring with a real state database and scripted sources."""

import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError

from toban.chapters.monitoring.discovery import DiscoveryKind
from toban.chapters.monitoring.measuring.board import OWN_START, MeasuringBoard
from toban.chapters.monitoring.measuring.feeds import plan
from toban.chapters.monitoring.models import MonitorState
from toban.chapters.monitoring.service import Monitoring
from toban.chapters.monitoring.source import Measurement, Source, SourceKind, Unmeasurable
from toban.design.clauses.monitoring import Monitor
from toban.design.origin import Origin
from toban.design.reader import Design
from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.metric import Metric
from toban.design.values.quantity import Quantity
from toban.design.values.threshold import Range, Threshold
from toban.engine.bindings.model import Bindings, KindBinding, System
from toban.engine.bindings.section import Section
from toban.engine.evidence.models import ClauseStatus
from toban.engine.notify.delivery.lead import NotLeading
from toban.engine.notify.models import Alert
from toban.engine.telemetry.samples import Sample
from toban.message import plain

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
SAMPLE = timedelta(seconds=15)


def percent(value: int) -> Quantity:
    return Quantity(Decimal(value), "%")


def cpu(target: str) -> Monitor:
    return Monitor(
        id=f"monitoring/monitor/{target}-cpu",
        origin=Origin("運用設計書.md", 34),
        text=f"{target} | CPU使用率 | 0-60% | 70% | 85% | 1分",
        target=target,
        item="CPU使用率",
        metric=Metric.CPU_USAGE,
        normal=Range(percent(0), percent(60)),
        warning=Threshold(percent(70), is_bare=True),
        critical=Threshold(percent(85), is_bare=True),
        interval=Duration(Decimal(1), TimeUnit.MINUTE),
    )


def design(*monitors: Monitor) -> Design:
    return Design("運用設計書.md", "d" * 64, (), monitors, ())


class PlaceConfig(Section):
    name: str
    tags: Mapping[str, str] = {}
    """An unhashable value, as many configs have it."""


def bindings(**targets: Sequence[str]) -> Bindings:
    bound = {
        target: tuple(KindBinding("place", PlaceConfig(name=name), 1) for name in names)
        for target, names in targets.items()
    }
    return Bindings("toban.toml", "b" * 64, System(), bound, {}, {}, {}, {})


@dataclass
class Place:
    """A source whose values a test sets: a number, or an error."""

    instance: str
    answers: dict[str, float | str]
    hang: threading.Event
    closed: list[str]

    def measure(self, now: datetime) -> Sequence[Measurement]:
        answer = self.answers.get(self.instance, "接続できません")
        if answer == "hangs":
            self.hang.wait(30)
        if answer == "faulty":
            raise ZeroDivisionError
        if isinstance(answer, str):
            raise Unmeasurable(
                plain(f"{self.instance}: {answer}"), [Measurement(Metric.UP, self.instance, now, 0.0)]
            )
        return [Measurement(Metric.CPU_USAGE, self.instance, now, answer)]

    def close(self) -> None:
        self.closed.append(self.instance)


@dataclass
class Stage:
    """Monitoring with its places and its clock."""

    answers: dict[str, float | str] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    hang: threading.Event = field(default_factory=threading.Event)
    discoveries: dict[str, DiscoveryKind] = field(default_factory=dict)
    now: datetime = NOON
    permit: Callable[..., None] = lambda: None

    def __post_init__(self) -> None:
        def build(config: PlaceConfig) -> Source:
            return Place(config.name, self.answers, self.hang, self.closed)

        self.kinds = {"place": SourceKind(PlaceConfig, frozenset((Metric.UP, Metric.CPU_USAGE)), build)}
        self.restart()

    def restart(self) -> None:
        """Start again, as after a kill -9: only the database keeps its data."""
        self.board = MeasuringBoard(self.kinds, lambda: self.now, self.discoveries)
        self.monitoring = Monitoring(self.board, self, self.ask_permit)

    def ask_permit(self) -> None:
        self.permit()

    def add(self, samples: Sequence[Sample]) -> None:
        self.samples.extend(samples)

    def adopt(self, document: Design, bound: Bindings) -> None:
        self.monitoring.adopt(plan(document, bound, self.kinds), document.digest, self.now)

    def measure(self, *, rounds: int = 1) -> None:
        """Let *rounds* sampling periods pass, and wait in each for everything that does not hang."""
        for _ in range(rounds):
            # Ask first, wait, then take: else it depends on the machine's load what a step finds to take.
            self.board.ask(self.now)
            self._wait()
            self.monitoring.step(self.now)
            self._wait()
            self.monitoring.step(self.now)
            self.now += SAMPLE

    def _wait(self) -> None:
        for thread in threading.enumerate():
            kind, _, name = thread.name.partition(" ")
            if kind in ("measure", "look") and self.answers.get(name) != "hangs":
                thread.join(10)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.hang.set()


def status(target: str = "Web") -> ClauseStatus:
    return ClauseStatus.objects.get(clause_id=f"monitoring/monitor/{target}-cpu")


def open_alerts() -> list[tuple[str, str]]:
    return [(alert.clause_id, alert.condition) for alert in Alert.objects.filter(resolved_at=None)]


def test_a_row_waits_for_its_first_value_and_is_not_green_meanwhile(stage: Stage) -> None:
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))

    assert (status().verdict, str(status().reason)) == ("not-measurable", "最初の測定を待っています")
    assert open_alerts() == []


def test_a_normal_value_conforms_and_becomes_a_sample(stage: Stage) -> None:
    stage.answers["web-1"] = 42.06
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))

    stage.measure()

    assert (status().verdict, str(status().value), status().observed_at) == ("conforming", "42.1%", NOON)
    assert stage.samples == [Sample(Metric.CPU_USAGE, "Web", "web-1", NOON, 42.06)]


def test_a_critical_value_deviates_and_raises_an_alert_that_cites_the_row(stage: Stage) -> None:
    stage.answers["web-1"] = 92.0
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))

    stage.measure()

    alert = Alert.objects.get()
    assert status().verdict == "deviating"
    assert (alert.condition, alert.citation, str(alert.limit)) == (
        "critical",
        "運用設計書.md:34",
        "異常 85%以上",
    )
    assert (str(alert.subject), str(alert.value), alert.began_at) == ("Web CPU使用率", "92%", NOON)


def test_the_load_of_tobans_own_start_is_shown_and_told_only_if_it_outlasts_the_start(stage: Stage) -> None:
    stage.kinds["place"] = replace(stage.kinds["place"], is_here=lambda _config: True)
    stage.answers["web-1"] = 99.0
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))
    stage.measure(rounds=int(OWN_START / SAMPLE))
    during = open_alerts(), "99" in str(status().value)

    stage.measure()

    assert during == ([], True)
    assert len(open_alerts()) == 1


def test_an_alert_resolves_after_three_normal_readings(stage: Stage) -> None:
    stage.answers["web-1"] = 92.0
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))
    stage.measure()
    stage.answers["web-1"] = 20.0

    stage.measure(rounds=2)
    assert (open_alerts(), status().verdict) == ([(status().clause_id, "critical")], "deviating")
    stage.measure()
    assert (open_alerts(), status().verdict) == ([], "conforming")


def test_the_worst_instance_decides_and_is_named(stage: Stage) -> None:
    stage.answers |= {"web-1": 20.0, "web-2": 75.0}
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1", "web-2"]))

    stage.measure()

    assert (status().verdict, str(status().value)) == ("warning", "75%（web-2）")


def test_a_target_that_never_answers_becomes_not_measurable_with_the_reason(stage: Stage) -> None:
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))

    stage.measure(rounds=8)
    assert str(status().reason) == "最初の測定を待っています"
    stage.measure()

    assert (status().verdict, str(status().reason)) == (
        "not-measurable",
        "測定できません: web-1: 接続できません",
    )
    assert open_alerts() == [(status().clause_id, "no-data")]


def test_one_silent_instance_is_not_hidden_by_the_others(stage: Stage) -> None:
    stage.answers["web-1"] = 20.0
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1", "web-2"]))

    stage.measure(rounds=9)

    assert status().verdict == "not-measurable"
    assert "web-2" in str(status().reason)


def test_missing_data_does_not_resolve_an_alert(stage: Stage) -> None:
    stage.answers["web-1"] = 92.0
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))
    stage.measure()
    del stage.answers["web-1"]

    stage.measure(rounds=10)

    assert sorted(condition for _, condition in open_alerts()) == ["critical", "no-data"]


def test_a_hanging_target_delays_no_other(stage: Stage) -> None:
    stage.answers |= {"web-1": "hangs", "db-1": 20.0}
    stage.adopt(design(cpu("Web"), cpu("DB")), bindings(Web=["web-1"], DB=["db-1"]))

    stage.measure(rounds=9)

    assert status("DB").verdict == "conforming"
    assert len(stage.samples) == 9
    assert (status().verdict, str(status().reason)) == (
        "not-measurable",
        "測定できません: web-1: 応答を待ったままです",
    )


def test_a_restart_continues_where_the_last_process_stopped(stage: Stage) -> None:
    row = cpu("Web")
    assert row.critical is not None
    sustained = replace(
        row, critical=replace(row.critical, sustained=Duration(Decimal(1), TimeUnit.MINUTE)), warning=None
    )
    stage.answers["web-1"] = 92.0
    stage.adopt(design(sustained), bindings(Web=["web-1"]))
    stage.measure(rounds=3)
    assert status().verdict == "between"

    stage.restart()
    stage.adopt(design(sustained), bindings(Web=["web-1"]))
    stage.measure(rounds=2)

    assert (status().verdict, Alert.objects.get().began_at) == ("deviating", NOON)


def test_a_mean_over_a_window_survives_a_restart(stage: Stage) -> None:
    row = cpu("Web")
    assert row.critical is not None
    mean = replace(
        row, critical=replace(row.critical, within=Duration(Decimal(2), TimeUnit.MINUTE)), warning=None
    )
    stage.answers["web-1"] = 92.0
    stage.adopt(design(mean), bindings(Web=["web-1"]))
    stage.measure(rounds=5)
    assert (status().verdict, str(status().reason)) == (
        "not-measurable",
        "2分平均を求めるための測定値がまだ足りません",
    )

    stage.restart()
    stage.adopt(design(mean), bindings(Web=["web-1"]))
    stage.measure(rounds=4)

    assert (status().verdict, str(status().value)) == ("deviating", "92%（2分平均）")


def test_after_a_long_stop_a_target_is_asked_before_it_is_called_silent(stage: Stage) -> None:
    stage.answers["web-1"] = 20.0
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))
    stage.measure()
    stage.now += timedelta(hours=3)

    stage.restart()
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))
    stage.monitoring.step(stage.now)

    assert status().verdict == "conforming"


@pytest.mark.parametrize("jump", [-1, 1, 9], ids=["back", "forth", "far-forth"])
def test_changing_the_clock_calls_no_target_silent_and_stops_no_measuring(stage: Stage, jump: int) -> None:
    stage.answers["web-1"] = 20.0
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))
    stage.measure(rounds=3)

    stage.now += timedelta(hours=jump)
    stage.answers["web-1"] = 92.0
    stage.measure()

    assert open_alerts() == [(status().clause_id, "critical")]


def test_missing_data_is_noticed_in_time_after_the_clock_was_set_back(stage: Stage) -> None:
    stage.answers["web-1"] = 20.0
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))
    stage.measure(rounds=3)

    stage.now -= timedelta(hours=1)
    del stage.answers["web-1"]
    stage.measure(rounds=9)

    assert open_alerts() == [(status().clause_id, "no-data")]


def test_a_sustained_condition_keeps_counting_when_the_clock_is_set_back(stage: Stage) -> None:
    row = cpu("Web")
    assert row.critical is not None
    sustained = replace(
        row, critical=replace(row.critical, sustained=Duration(Decimal(1), TimeUnit.MINUTE)), warning=None
    )
    stage.answers["web-1"] = 92.0
    stage.adopt(design(sustained), bindings(Web=["web-1"]))
    stage.measure(rounds=2)

    stage.now -= timedelta(hours=1)
    stage.measure(rounds=5)

    assert open_alerts() == [(status().clause_id, "critical")]


def test_many_places_are_measured_in_batches(stage: Stage) -> None:
    names = [f"web-{number}" for number in range(120)]
    stage.answers |= dict.fromkeys(names, 20.0)
    stage.adopt(design(cpu("Web")), bindings(Web=names))

    asked = [stage.board.ask(stage.now) for _ in range(4)]

    assert asked == [50, 50, 20, 0]


def test_the_results_of_another_worker_are_not_overwritten(stage: Stage) -> None:
    stage.answers["web-1"] = 92.0
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))
    stage.permit = failing(NotLeading("another"))
    with pytest.raises(NotLeading):
        stage.measure()

    stage.permit = lambda: None
    stage.monitoring.leave()
    stage.monitoring.step(stage.now)

    assert (open_alerts(), status().verdict) == ([], "not-measurable")


def test_results_that_could_not_be_written_are_written_by_the_next_step(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.answers["web-1"] = 92.0
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))
    with monkeypatch.context() as patched:
        patched.setattr("toban.engine.notify.alerts.report", failing(OperationalError("disk full")))
        with pytest.raises(OperationalError):
            stage.measure()
        assert status().verdict == "not-measurable"
        assert not MonitorState.objects.filter(condition="critical").exists()

    stage.monitoring.step(stage.now)

    assert (status().verdict, status().observed_at) == ("deviating", NOON)
    assert MonitorState.objects.get().condition == "critical"
    assert Alert.objects.count() == 1


def failing(error: Exception) -> Callable[..., None]:
    def fail(*_args: object) -> None:
        raise error

    return fail


def test_an_instance_that_is_no_longer_bound_is_forgotten_and_its_source_closed(stage: Stage) -> None:
    stage.answers |= {"web-1": 20.0, "web-2": 92.0}
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1", "web-2"]))
    stage.measure()

    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))
    stage.measure(rounds=3)

    assert stage.closed == ["web-2"]
    assert [state.instance for state in MonitorState.objects.all()] == ["web-1"]
    assert (status().verdict, open_alerts()) == ("conforming", [])


def test_a_second_instance_out_of_bounds_has_its_own_alert(stage: Stage) -> None:
    stage.answers |= {"web-1": 92.0, "web-2": 20.0}
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1", "web-2"]))
    stage.measure()

    stage.answers["web-2"] = 95.0
    stage.measure()

    subjects = Alert.objects.filter(resolved_at=None).order_by("id").values_list("subject", flat=True)
    assert [str(each) for each in subjects] == ["Web CPU使用率（web-1）", "Web CPU使用率（web-2）"]


def test_a_source_that_stays_bound_is_not_reopened(stage: Stage) -> None:
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))
    before = stage.board.slots[0]

    stage.adopt(design(cpu("Web"), cpu("DB")), bindings(Web=["web-1"], DB=["db-1"]))

    assert stage.board.slots[0] is before
    assert stage.closed == []


def test_a_source_with_an_unhashable_config_stays_open_until_its_config_changes(stage: Stage) -> None:
    def tagged(**tags: str) -> Bindings:
        bound = KindBinding("place", PlaceConfig(name="web-1", tags=tags), 1)
        return replace(bindings(), targets={"Web": (bound,)})

    stage.answers["web-1"] = 20.0
    stage.adopt(design(cpu("Web")), tagged(role="web"))
    stage.measure()
    stage.adopt(design(cpu("Web")), tagged(role="web"))
    assert stage.closed == []

    stage.adopt(design(cpu("Web")), tagged(role="api"))
    stage.measure()

    assert stage.closed == ["web-1"]
    assert status().verdict == "conforming"


def test_a_faulty_source_is_reported_and_does_not_stop_the_measuring(stage: Stage) -> None:
    stage.answers["web-1"] = "faulty"
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))
    stage.measure()
    assert str(stage.board.slots[0].complaint) == "web-1: 測定の途中で失敗しました（ZeroDivisionError）"

    stage.answers["web-1"] = 20.0
    stage.measure()

    assert status().verdict == "conforming"


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_nan_is_not_stored_as_a_measurement(stage: Stage, value: float) -> None:
    stage.answers["web-1"] = value
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))

    stage.measure()

    assert status().verdict == "not-measurable"
    assert stage.samples == []
