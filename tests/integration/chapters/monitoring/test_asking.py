"""How many sources are asked in one step."""

from datetime import timedelta

import pytest
from tests.integration.chapters.monitoring.test_service import Stage, bindings, cpu, design, stage

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["stage"]


def test_a_large_fleet_is_asked_within_its_sampling_period(stage: Stage) -> None:
    names = [f"web-{number}" for number in range(1000)]
    stage.answers |= dict.fromkeys(names, 20.0)
    stage.adopt(design(cpu("Web")), bindings(Web=names))

    steps = 0
    while any(slot.asked_at is None for slot in stage.board.slots):
        stage.board.ask(stage.now)
        steps += 1

    # Half a second apart.
    assert timedelta(seconds=0.5) * steps <= stage.board.slots[0].feed.period
