"""A server that stops shows first in what is measured elsewhere: then it is asked whether it answers."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pytest
from tests.integration.chapters.monitoring.test_service import SAMPLE, PlaceConfig, Stage

from toban.chapters.monitoring.source import Measurement, SourceKind
from toban.design.reader import read_design
from toban.design.values.metric import Metric
from toban.engine.bindings.model import Bindings, KindBinding, System
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import UNDECIDED

pytestmark = pytest.mark.django_db(transaction=True)

DOCUMENT = """# 運用設計書

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| API | 死活 | 応答あり | - | 応答なし | 1分 |
| API | CPU使用率 | 0-60% | 70% | 85% | 1分 |
"""


@dataclass
class Probe:
    """Measures one metric of one place, and counts how often it was asked."""

    instance: str
    metric: Metric
    answers: dict[str, float | str]
    asked: list[str]

    def measure(self, now: datetime) -> Sequence[Measurement]:
        self.asked.append(self.instance)
        return [Measurement(self.metric, self.instance, now, float(self.answers[self.instance]))]

    def close(self) -> None:
        """There is nothing to close."""


class Scene(Stage):
    """An API whose processor is measured elsewhere than whether it answers."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(answers={"health": 1.0, "api-1": 42.0})

    def restart(self) -> None:
        def kind(metric: Metric) -> SourceKind:
            def build(config: PlaceConfig) -> Probe:
                return Probe(config.name, metric, self.answers, self.asked)

            return SourceKind(PlaceConfig, frozenset((metric,)), build)

        self.kinds = {"up": kind(Metric.UP), "cpu": kind(Metric.CPU_USAGE)}
        super().restart()


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene()
    sources = tuple(
        KindBinding(kind, PlaceConfig(name=name), line)
        for line, (kind, name) in enumerate((("up", "health"), ("cpu", "api-1")))
    )
    document = read_design(DOCUMENT, "運用設計書.md")
    scene.adopt(document, Bindings("toban.toml", "b" * 64, System(), {"API": sources}, {}, {}, {}, {}))
    scene.measure(rounds=9)
    yield scene
    scene.board.close()
    assert not [each for each in threading.enumerate() if each.name.startswith("measure")]


def undecided() -> dict[str, bool]:
    return {each.labels["item"]: UNDECIDED in each.labels for each in Alert.objects.filter(resolved_at=None)}


def step(scene: Scene) -> int:
    """Do one step, and return how often it was asked meanwhile whether the API answers."""
    before = scene.asked.count("health")
    scene.board.ask(scene.now)
    scene._wait()
    scene.monitoring.step(scene.now)
    scene._wait()
    return scene.asked.count("health") - before


def next_reading_is_bad(scene: Scene) -> None:
    """Let the processor be measured while nobody is due to ask whether the API answers."""
    # A round ends two whole periods after everything was asked.
    scene.now -= SAMPLE * 2 / 3
    (cpu,) = [each for each in scene.board.slots if each.label == "api-1"]
    cpu.asked_at = None
    scene.answers["api-1"] = 92.0
    assert step(scene) == 0


def test_a_bad_row_is_undecided_until_the_probe_has_been_asked(scene: Scene) -> None:
    next_reading_is_bad(scene)
    first = undecided()

    asked = step(scene)
    scene.monitoring.step(scene.now)

    assert first == {"cpu_usage_percent": True}
    assert asked == 1
    assert undecided() == {"cpu_usage_percent": False}


def test_a_server_that_turns_out_to_be_down_is_the_alert_that_is_left(scene: Scene) -> None:
    next_reading_is_bad(scene)
    scene.answers["health"] = 0.0

    step(scene)
    scene.monitoring.step(scene.now)

    assert undecided() == {"cpu_usage_percent": False, "up": False}


def test_the_probe_is_asked_once_and_then_as_often_as_ever(scene: Scene) -> None:
    next_reading_is_bad(scene)
    step(scene)

    assert [step(scene) for _ in range(5)] == [0] * 5
