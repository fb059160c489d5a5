"""A target that nothing reaches any more is told apart from one whose values are missing."""

from collections.abc import Iterator

import pytest
from tests.integration.chapters.monitoring.test_service import Stage, bindings, cpu, design, open_alerts

from toban.engine.notify.models import Alert
from toban.engine.notify.signal import UNREACHABLE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.board.close()


def labelled(target: str) -> list[str]:
    found = Alert.objects.filter(resolved_at=None, labels__target=target)
    return sorted(each.labels["instance"] for each in found if UNREACHABLE in each.labels)


def test_a_target_is_unreachable_once_no_source_that_probes_it_answers(stage: Stage) -> None:
    stage.answers |= {"web-1": 42.0, "web-2": 42.0}
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1", "web-2"]))
    stage.measure()

    stage.answers["web-1"] = "接続できません"
    stage.measure(rounds=20)
    assert open_alerts()
    assert labelled("Web") == []

    stage.answers["web-2"] = "接続できません"
    stage.measure(rounds=20)
    assert labelled("Web") == ["web-1", "web-2"]

    stage.answers["web-2"] = 42.0
    stage.measure(rounds=2)
    assert labelled("Web") == []
