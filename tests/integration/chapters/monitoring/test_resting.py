"""What of a value at rest is stored, and what a restart makes of it."""

import pytest
from tests.integration.chapters.monitoring.test_service import (
    NOON,
    Stage,
    bindings,
    cpu,
    design,
    open_alerts,
    stage,
    status,
)

from toban.chapters.monitoring.models import MonitorState

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["stage"]


def test_a_value_at_rest_is_stored_once_a_minute(stage: Stage) -> None:
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))
    stored = []
    for value in range(20, 27):
        stage.answers["web-1"] = float(value)
        stage.measure()
        stored.append(MonitorState.objects.get().value)
        assert str(status().value) == f"{value}%"

    assert stored == [20, 20, 20, 20, 24, 24, 24]


def test_what_a_later_decision_needs_is_stored_at_once(stage: Stage) -> None:
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))
    stored = []
    for value in (20.0, 92.0, 93.0, 30.0, 31.0, 32.0):
        stage.answers["web-1"] = value
        stage.measure()
        state = MonitorState.objects.get()
        stored.append((state.value, state.condition, state.calm))

    assert stored == [
        *((20, "ok", 0), (92, "critical", 0), (93, "critical", 0)),
        *((30, "critical", 1), (31, "critical", 2), (32, "ok", 0)),
    ]


def test_a_restart_goes_on_from_an_older_value_at_rest(stage: Stage) -> None:
    stage.answers["web-1"] = 20.0
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))
    stage.measure()
    stage.answers["web-1"] = 21.0
    stage.measure()

    stage.restart()
    stage.adopt(design(cpu("Web")), bindings(Web=["web-1"]))
    assert (status().verdict, str(status().value), status().observed_at) == ("conforming", "20%", NOON)
    stage.measure()

    assert (status().verdict, str(status().value), open_alerts()) == ("conforming", "21%", [])
