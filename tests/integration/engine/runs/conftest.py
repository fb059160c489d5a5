"""Works of the ledger for tests."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from toban.design.values.schedule import read_schedule
from toban.engine.bindings.model import System
from toban.engine.runs.work import Step, Work

NOON = datetime(2026, 4, 1, 3, tzinfo=UTC)
"""Noon in Tokyo."""

type MakeWork = Callable[..., Work]


@pytest.fixture
def make_work() -> MakeWork:
    """Return a function that creates a work; by default it is due daily at noon in Tokyo."""

    def make(key: str = "B001", rule: str = "日次 12:00", **more: Any) -> Work:
        schedule = read_schedule(rule)
        assert schedule is not None
        steps = more.pop("steps", (Step("command", lambda _turn: None),))
        return Work(
            key=key, clause_id=f"batch/batch/{key}", document_digest="d" * 64, steps=steps,
            schedule=schedule, system=System(), **more,
        )  # fmt: skip

    return make
