"""The store that `toban worker` writes to, started without `toban up`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django import Settings

from toban.chapters.monitoring.sources.own_store import own_store
from toban.faces.cli.supervision.worker import know_the_store

NAME = "TOBAN_TELEMETRY_URL"


def test_a_worker_that_knows_no_store_says_so(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != NAME}

    done = subprocess.run(
        [sys.executable, "-m", "toban", "worker"],
        env={**environment, "TOBAN_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 2, done.stderr
    assert f"{NAME} がなく、{tmp_path}" in done.stderr
    assert "HINT: TOBAN_HOME を" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_store_of_the_home_is_known_to_everything_that_the_worker_runs(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, "")
    settings.TELEMETRY_URL = "http://toban:x@127.0.0.1:9/home"
    own_store.cache_clear()

    know_the_store()

    assert os.environ[NAME] == settings.TELEMETRY_URL
    own_store().close()
    own_store.cache_clear()
