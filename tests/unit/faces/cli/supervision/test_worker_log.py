"""The log of the worker: one JSON object per line."""

import json
from collections.abc import Iterator

import pytest
import structlog

from toban.faces.cli.supervision.worker import log_as_events
from toban.message import Message


@pytest.fixture
def unconfigured() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("unconfigured")
def test_a_message_is_logged_as_code_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    log_as_events()

    structlog.get_logger("test").warning("late", reason=Message("runs.workers-lost", count=3))

    logged = json.loads(capsys.readouterr().out)
    assert logged["reason"] == {"code": "runs.workers-lost", "values": {"count": 3}}
