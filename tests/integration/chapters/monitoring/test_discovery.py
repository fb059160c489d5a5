"""Hosts that come and go under monitoring, with a real state database and a discovery that does as told."""

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

from toban.chapters.monitoring.discovery import DiscoveryKind, Host, Undiscovered
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.model import Bindings, DiscoveryBinding
from toban.engine.notify.models import Alert

pytestmark = pytest.mark.django_db(transaction=True)


class Register(DiscoveryBinding):
    sample: ClassVar[Mapping[str, str]] = {"name": "web-1"}


@dataclass
class Fleet:
    """The hosts there are, as a test sets them; or why that can't be found out."""

    names: list[str] = field(default_factory=list)
    trouble: str = ""
    looks: int = 0
    hang: threading.Event = field(default_factory=threading.Event)

    place = "register"

    def look(self) -> Sequence[Host]:
        self.looks += 1
        if self.trouble == "hangs":
            self.hang.wait(30)
        if self.trouble == "faulty":
            raise ZeroDivisionError
        if self.trouble:
            raise Undiscovered(self.trouble)
        return [Host(name, {"name": name}) for name in self.names]


@dataclass
class Scene:
    """Monitoring of a fleet: `Web` is what is found of it, and what stands in the bindings."""

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
        """Let *rounds* sampling periods pass; who is found in one is measured in the next."""
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

    assert (status().verdict, status().value) == ("warning", "75%（web-2）")
    assert {sample.instance for sample in scene.stage.samples} == {"web-1", "web-2"}


def test_a_host_that_comes_is_measured_with_the_others_which_go_on(scene: Scene) -> None:
    scene.fleet.names = ["web-2"]
    scene.stage.answers |= {"web-1": 92.0, "web-2": 20.0}
    scene.adopt()
    scene.measure(rounds=2)
    (before,) = scene.stage.board.slots

    scene.fleet.names = ["web-1", "web-2"]
    scene.measure(rounds=4)

    assert labels(scene) == ["web-1", "web-2"]
    assert before in scene.stage.board.slots
    assert (status().verdict, status().value) == ("deviating", "92%（web-1）")


def test_a_host_that_went_is_no_silence_and_its_alert_ends_with_the_reason(scene: Scene) -> None:
    scene.fleet.names = ["web-1", "web-2"]
    scene.stage.answers |= {"web-1": 20.0, "web-2": 92.0}
    scene.adopt()
    scene.measure(rounds=2)
    assert [condition for _, condition in open_alerts()] == ["critical"]

    scene.fleet.names = ["web-1"]
    scene.stage.answers["web-2"] = "接続できません"
    scene.measure(rounds=20)

    (alert,) = Alert.objects.all()
    assert (open_alerts(), alert.value) == ([], "測定の対象から外れました")
    assert (status().verdict, status().value) == ("conforming", "20%")
    assert scene.stage.closed == ["web-2"]


def test_that_a_host_does_not_answer_counts_once_it_is_known_to_be_there_still(scene: Scene) -> None:
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


def test_a_host_that_is_there_and_does_not_answer_is_down_at_once(scene: Scene) -> None:
    scene.fleet.names = ["web-1"]
    scene.stage.answers["web-1"] = 20.0
    scene.adopt(every="1時間")
    scene.measure(rounds=2)
    scene.stage.answers["web-1"] = "接続できません"

    scene.measure()
    scene.measure()

    down = [sample for sample in scene.stage.samples if sample.metric == "up"]
    assert down[0].at - NOON <= timedelta(seconds=45)
    # One that finds it, and one for each time it does not answer.
    assert scene.fleet.looks == 3


@pytest.mark.parametrize("trouble", ["鍵か権限が正しくありません", "faulty"])
def test_a_look_that_fails_finds_nobody_gone(scene: Scene, trouble: str) -> None:
    scene.fleet.names = ["web-1", "web-2"]
    scene.stage.answers |= {"web-1": 20.0, "web-2": 92.0}
    scene.adopt()
    scene.measure(rounds=2)

    scene.fleet.names, scene.fleet.trouble = [], trouble
    scene.measure(rounds=20)

    assert labels(scene) == ["web-1", "web-2"]
    assert [condition for _, condition in open_alerts()] == ["critical"]
    assert "最後に見つかった 2 台を測っています" in status().reason


def test_the_trouble_is_said_no_more_once_it_is_over(scene: Scene) -> None:
    scene.fleet.names = ["web-1"]
    scene.stage.answers["web-1"] = 20.0
    scene.adopt()
    scene.measure(rounds=2)
    scene.fleet.trouble = "鍵か権限が正しくありません"
    scene.measure(rounds=3)
    assert "鍵か権限" in status().reason

    scene.fleet.trouble = ""
    scene.measure(rounds=3)

    assert status().reason == "正常範囲（0-60%）にあります"


def test_a_host_that_does_not_answer_is_down_though_nobody_can_look_for_it(scene: Scene) -> None:
    scene.fleet.names = ["web-1"]
    scene.stage.answers["web-1"] = 20.0
    scene.adopt()
    scene.measure(rounds=2)

    scene.fleet.trouble = "EC2 に届きません"
    scene.stage.answers["web-1"] = "接続できません"
    scene.measure(rounds=12)

    assert [sample.value for sample in scene.stage.samples if sample.metric == "up"][:1] == [0.0]
    assert [condition for _, condition in open_alerts()] == ["no-data"]


def test_a_look_that_hangs_is_told_and_keeps_nothing_else_waiting(scene: Scene) -> None:
    scene.fleet.names = ["web-1"]
    scene.stage.answers |= {"web-1": 20.0, "register": "hangs"}
    scene.adopt()
    scene.measure(rounds=2)

    scene.fleet.trouble = "hangs"
    scene.stage.answers["web-1"] = "接続できません"
    scene.measure(rounds=12)

    assert [condition for _, condition in open_alerts()] == ["no-data"]
    assert "register: 探しに行ったまま戻りません（最後に見つかった 1 台を測っています）" in status().reason


def test_a_clock_that_is_set_back_keeps_no_reading_waiting(scene: Scene) -> None:
    scene.fleet.names = ["web-1"]
    scene.stage.answers["web-1"] = 20.0
    scene.adopt()
    scene.measure(rounds=2)
    scene.stage.answers["web-1"] = "接続できません"
    scene.measure()

    scene.stage.now -= timedelta(hours=1)
    scene.measure(rounds=3)

    assert [sample.value for sample in scene.stage.samples if sample.metric == "up"][:1] == [0.0]


def test_after_a_restart_nobody_is_gone_before_somebody_could_look(scene: Scene) -> None:
    scene.fleet.names = ["web-1", "web-2"]
    scene.stage.answers |= {"web-1": 20.0, "web-2": 92.0}
    scene.adopt()
    scene.measure(rounds=2)
    scene.fleet.trouble = "EC2 に届きません"
    scene.stage.restart()

    scene.adopt()
    scene.measure(rounds=20)

    assert sorted(condition for _, condition in open_alerts()) == ["critical", "no-data", "no-data"]
    assert (status().verdict, status().reason) == (
        "not-measurable",
        "測定できません: register: EC2 に届きません",
    )

    scene.fleet.trouble = ""
    scene.stage.answers["web-2"] = 20.0
    scene.measure(rounds=8)

    assert (status().verdict, open_alerts()) == ("conforming", [])


def test_who_came_while_another_worker_measured_is_not_gone_for_the_one_that_measures_again(
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


def test_that_nobody_is_found_is_said_and_is_not_green(scene: Scene) -> None:
    scene.adopt()
    scene.measure(rounds=2)
    waiting = status()

    scene.measure(rounds=10)

    assert waiting.verdict == "not-measurable"
    assert "register: 見つかった機械が 0 台です" in waiting.reason
    assert (status().verdict, open_alerts()) == ("not-measurable", [(status().clause_id, "no-data")])
    assert status().reason == "測定できません: register: 見つかった機械が 0 台です"


def test_the_first_who_comes_ends_that_nobody_was_there(scene: Scene) -> None:
    scene.adopt()
    scene.measure(rounds=12)

    scene.fleet.names = ["web-1"]
    scene.stage.answers["web-1"] = 20.0
    scene.measure(rounds=4)

    assert (status().verdict, open_alerts()) == ("conforming", [])


def test_the_last_who_goes_ends_its_alert_and_that_nobody_is_left_is_another(scene: Scene) -> None:
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
    assert (status().verdict, status().value) == ("warning", "75%（web-0）")


def test_an_edit_elsewhere_in_the_bindings_leaves_the_found_hosts_where_they_are(scene: Scene) -> None:
    scene.fleet.names = ["web-1"]
    scene.stage.answers |= {"web-0": 20.0, "web-1": 20.0}
    scene.adopt()
    scene.measure(rounds=2)
    (before,) = scene.stage.board.slots

    scene.stage.adopt(design(cpu("Web")), scene.bindings())
    assert scene.stage.board.slots == [before]

    scene.stage.adopt(design(), scene.bindings())
    assert scene.stage.board.slots == []
