"""Hosts that come and go under monitoring, with a real state database and a scripted discovery."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from tests.integration.chapters.monitoring.test_service import (
    NOON,
    PlaceConfig,
    Stage,
    cpu,
    design,
    open_alerts,
    status,
)
from tests.registered import schema

from toban.chapters.monitoring.discovery import DiscoveredHost, DiscoveryKind, Undiscovered
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.model import Bindings, DiscoveryBinding
from toban.engine.notify.models import Alert
from toban.message import plain

pytestmark = pytest.mark.django_db(transaction=True)


class Register(DiscoveryBinding):
    sample: ClassVar[Mapping[str, str]] = {"name": "web-1"}


@dataclass
class Fleet:
    """The existing hosts, as set by a test, or the reason why the discovery fails."""

    names: list[str] = field(default_factory=list)
    trouble: str = ""
    looks: int = 0
    hang: threading.Event = field(default_factory=threading.Event)

    place = "register"

    def look(self) -> Sequence[DiscoveredHost]:
        self.looks += 1
        if self.trouble == "hangs":
            self.hang.wait(30)
        if self.trouble == "faulty":
            raise ZeroDivisionError
        if self.trouble:
            raise Undiscovered(plain(self.trouble))
        return [DiscoveredHost(name, {"name": name}) for name in self.names]


@dataclass
class Scene:
    """Monitoring of a fleet: `Web` is everything discovered in it, and everything in the bindings."""

    stage: Stage
    fleet: Fleet

    def adopt(self, *bound: str, every: str = "30秒") -> None:
        self.stage.adopt(design(cpu("Web")), self.bindings(*bound, every=every))

    def bindings(self, *bound: str, every: str = "30秒") -> Bindings:
        places = ", ".join(f'{{ kind = "place", name = "{name}" }}' for name in bound)
        text = f"""
[targets.Web]
sources = [{places}]
[[targets.Web.discovery]]
kind = "register"
every = "{every}"
source = {{ kind = "place", name = "${{name}}" }}
"""
        kinds = schema(sources={"place": PlaceConfig}, discoveries={"register": Register})
        return read_bindings(text, Path("toban.toml"), kinds)

    def measure(self, *, rounds: int = 1) -> None:
        """Let *rounds* sampling periods pass; a host discovered in one is measured in the next."""
        self.stage.measure(rounds=rounds)


@pytest.fixture
def scene() -> Iterator[Scene]:
    fleet = Fleet()
    stage = Stage(discoveries={"register": DiscoveryKind(Register, lambda _config: fleet)})
    yield Scene(stage, fleet)
    stage.hang.set()
    fleet.hang.set()


def labels(scene: Scene) -> list[str]:
    return sorted(slot.label for slot in scene.stage.board.slots)


def test_hosts_are_measured_as_they_are_found(scene: Scene) -> None:
    scene.fleet.names = ["web-1", "web-2"]
    scene.stage.answers |= {"web-1": 20.0, "web-2": 75.0}
    scene.adopt()

    scene.measure(rounds=2)

    assert (status().verdict, str(status().value)) == ("warning", "75%（web-2）")
    assert {sample.instance for sample in scene.stage.samples} == {"web-1", "web-2"}


def test_a_new_host_is_measured_along_with_the_others(scene: Scene) -> None:
    scene.fleet.names = ["web-2"]
    scene.stage.answers |= {"web-1": 92.0, "web-2": 20.0}
    scene.adopt()
    scene.measure(rounds=2)
    (before,) = scene.stage.board.slots

    scene.fleet.names = ["web-1", "web-2"]
    scene.measure(rounds=4)

    assert labels(scene) == ["web-1", "web-2"]
    assert before in scene.stage.board.slots
    assert (status().verdict, str(status().value)) == ("deviating", "92%（web-1）")


def test_a_removed_host_raises_no_missing_data_and_its_alert_resolves_with_the_reason(scene: Scene) -> None:
    scene.fleet.names = ["web-1", "web-2"]
    scene.stage.answers |= {"web-1": 20.0, "web-2": 92.0}
    scene.adopt()
    scene.measure(rounds=2)
    assert [condition for _, condition in open_alerts()] == ["critical"]

    scene.fleet.names = ["web-1"]
    scene.stage.answers["web-2"] = "接続できません"
    scene.measure(rounds=20)

    (alert,) = Alert.objects.all()
    assert (open_alerts(), str(alert.value)) == ([], "測定の対象から外れました")
    assert (status().verdict, str(status().value)) == ("conforming", "20%")
    assert scene.stage.closed == ["web-2"]


def test_a_silent_host_counts_only_once_it_is_known_to_still_exist(scene: Scene) -> None:
    scene.fleet.names = ["web-1", "web-2"]
    scene.stage.answers |= {"web-1": 20.0, "web-2": 30.0}
    scene.adopt(every="1時間")
    scene.measure(rounds=2)
    told = len(scene.stage.samples)
    scene.fleet.names = ["web-1"]
    scene.stage.answers["web-2"] = "接続できません"

    scene.measure(rounds=2)

    assert labels(scene) == ["web-1"]
    assert {sample.instance for sample in scene.stage.samples[told:]} == {"web-1"}


def test_an_existing_host_that_does_not_answer_is_down_at_once(scene: Scene) -> None:
    scene.fleet.names = ["web-1"]
    scene.stage.answers["web-1"] = 20.0
    scene.adopt(every="1時間")
    scene.measure(rounds=2)
    scene.stage.answers["web-1"] = "接続できません"

    scene.measure()
    scene.measure()

    down = [sample for sample in scene.stage.samples if sample.metric == "up"]
    assert down[0].at - NOON <= timedelta(seconds=45)
    # One look discovers the host, and one follows each missing answer.
    assert scene.fleet.looks == 3


@pytest.mark.parametrize("trouble", ["鍵か権限が正しくありません", "faulty"])
def test_a_failed_discovery_does_not_count_hosts_as_gone(scene: Scene, trouble: str) -> None:
    scene.fleet.names = ["web-1", "web-2"]
    scene.stage.answers |= {"web-1": 20.0, "web-2": 92.0}
    scene.adopt()
    scene.measure(rounds=2)

    scene.fleet.names, scene.fleet.trouble = [], trouble
    scene.measure(rounds=20)

    assert labels(scene) == ["web-1", "web-2"]
    assert [condition for _, condition in open_alerts()] == ["critical"]
    assert "最後に見つかった 2 台を測っています" in str(status().reason)


def test_a_discovery_problem_is_no_longer_reported_once_it_is_over(scene: Scene) -> None:
    scene.fleet.names = ["web-1"]
    scene.stage.answers["web-1"] = 20.0
    scene.adopt()
    scene.measure(rounds=2)
    scene.fleet.trouble = "鍵か権限が正しくありません"
    scene.measure(rounds=3)
    assert "鍵か権限" in str(status().reason)

    scene.fleet.trouble = ""
    scene.measure(rounds=3)

    assert str(status().reason) == "正常範囲（0-60%）にあります"


def test_a_silent_host_is_down_although_discovery_fails(scene: Scene) -> None:
    scene.fleet.names = ["web-1"]
    scene.stage.answers["web-1"] = 20.0
    scene.adopt()
    scene.measure(rounds=2)

    scene.fleet.trouble = "EC2 に届きません"
    scene.stage.answers["web-1"] = "接続できません"
    scene.measure(rounds=12)

    assert [sample.value for sample in scene.stage.samples if sample.metric == "up"][:1] == [0.0]
    assert [condition for _, condition in open_alerts()] == ["no-data"]


def test_a_hanging_discovery_is_reported_and_delays_nothing_else(scene: Scene) -> None:
    scene.fleet.names = ["web-1"]
    scene.stage.answers["web-1"] = 20.0
    scene.adopt()
    scene.measure(rounds=2)

    scene.fleet.trouble = "hangs"
    scene.stage.answers |= {"web-1": "接続できません", "register": "hangs"}
    scene.measure(rounds=12)

    assert [condition for _, condition in open_alerts()] == ["no-data"]
    assert "register: 探しに行ったまま戻りません（最後に見つかった 1 台を測っています）" in str(
        status().reason
    )


def test_a_clock_set_back_delays_no_reading(scene: Scene) -> None:
    scene.fleet.names = ["web-1"]
    scene.stage.answers["web-1"] = 20.0
    scene.adopt()
    scene.measure(rounds=2)
    scene.stage.answers["web-1"] = "接続できません"
    scene.measure()

    scene.stage.now -= timedelta(hours=1)
    scene.measure(rounds=3)

    assert [sample.value for sample in scene.stage.samples if sample.metric == "up"][:1] == [0.0]


def test_no_host_counts_as_gone_after_a_restart_until_discovery_works(scene: Scene) -> None:
    scene.fleet.names = ["web-1", "web-2"]
    scene.stage.answers |= {"web-1": 20.0, "web-2": 92.0}
    scene.adopt()
    scene.measure(rounds=2)
    scene.fleet.trouble = "EC2 に届きません"
    scene.stage.restart()

    scene.adopt()
    scene.measure(rounds=20)

    assert sorted(condition for _, condition in open_alerts()) == ["critical", "no-data", "no-data"]
    assert (status().verdict, str(status().reason)) == (
        "not-measurable",
        "測定できません: register: EC2 に届きません",
    )

    scene.fleet.trouble = ""
    scene.stage.answers["web-2"] = 20.0
    scene.measure(rounds=8)

    assert (status().verdict, open_alerts()) == ("conforming", [])


def test_a_host_found_by_another_worker_is_not_gone_when_this_one_takes_over_again(
    scene: Scene,
) -> None:
    scene.fleet.names = ["web-1"]
    scene.stage.answers |= {"web-1": 20.0, "web-2": 92.0}
    scene.adopt()
    scene.measure(rounds=2)
    scene.stage.board.leave()
    other = Scene(Stage(scene.stage.answers, discoveries=scene.stage.discoveries), scene.fleet)
    scene.fleet.names = ["web-1", "web-2"]
    other.adopt()
    other.measure(rounds=2)

    scene.adopt()
    scene.measure(rounds=2)

    (alert,) = Alert.objects.all()
    assert (alert.condition, alert.resolved_at) == ("critical", None)


def test_finding_no_host_is_reported_and_is_not_green(scene: Scene) -> None:
    scene.adopt()
    scene.measure(rounds=2)
    waiting = status()

    scene.measure(rounds=10)

    assert waiting.verdict == "not-measurable"
    assert "register: 見つかった機械が 0 台です" in str(waiting.reason)
    assert (status().verdict, open_alerts()) == ("not-measurable", [(status().clause_id, "no-data")])
    assert str(status().reason) == "測定できません: register: 見つかった機械が 0 台です"


def test_the_first_host_found_resolves_the_alert_about_no_hosts(scene: Scene) -> None:
    scene.adopt()
    scene.measure(rounds=12)

    scene.fleet.names = ["web-1"]
    scene.stage.answers["web-1"] = 20.0
    scene.measure(rounds=4)

    assert (status().verdict, open_alerts()) == ("conforming", [])


def test_removing_the_last_host_resolves_its_alert_and_opens_one_about_no_hosts(scene: Scene) -> None:
    scene.fleet.names = ["web-1"]
    scene.stage.answers["web-1"] = 92.0
    scene.adopt()
    scene.measure(rounds=2)

    scene.fleet.names = []
    scene.measure(rounds=4)
    ended = open_alerts()
    scene.measure(rounds=10)

    assert ended == []
    assert [condition for _, condition in open_alerts()] == ["no-data"]


def test_bound_and_found_hosts_are_judged_together(scene: Scene) -> None:
    scene.fleet.names = ["web-1"]
    scene.stage.answers |= {"web-1": 20.0, "web-0": 75.0}
    scene.adopt("web-0")

    scene.measure(rounds=3)

    assert labels(scene) == ["web-0", "web-1"]
    assert (status().verdict, str(status().value)) == ("warning", "75%（web-0）")


def test_editing_the_bindings_elsewhere_does_not_affect_discovered_hosts(scene: Scene) -> None:
    scene.fleet.names = ["web-1"]
    scene.stage.answers |= {"web-0": 20.0, "web-1": 20.0}
    scene.adopt()
    scene.measure(rounds=2)
    (before,) = scene.stage.board.slots

    scene.stage.adopt(design(cpu("Web")), scene.bindings())
    assert scene.stage.board.slots == [before]

    scene.stage.adopt(design(), scene.bindings())
    assert scene.stage.board.slots == []
