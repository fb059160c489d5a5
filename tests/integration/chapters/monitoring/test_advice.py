"""What to do next about a bad value, as others know it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest
from tests.integration.chapters.monitoring.test_service import Stage, bindings, cpu, design

from toban.chapters.monitoring.measuring.feeds import plan
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Signal
from toban.message import Message, plain

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.hang.set()


@pytest.mark.parametrize(("response", "advice"), [("", "Restart it"), ("Call us", "Restart it。Call us")])
def test_what_others_know_comes_before_what_the_row_says(stage: Stage, response: str, advice: str) -> None:
    stage.answers |= {"web-1": 92.0, "web-2": 20.0}
    asked: list[str] = []
    document = design(replace(cpu("Web"), response=response))
    made = plan(document, bindings(Web=["web-1", "web-2"]), stage.kinds)

    def advise(signals: Sequence[Signal]) -> Mapping[str, Message]:
        asked.extend(each.key for each in signals)
        return {each.key: plain("Restart it") for each in signals}

    stage.monitoring.turn(made, document.digest, 1, stage.now, advise)
    stage.measure()

    alert = Alert.objects.get()
    assert str(alert.advice) == advice
    assert set(asked) == {alert.key}
