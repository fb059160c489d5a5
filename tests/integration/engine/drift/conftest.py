"""The shop, and AWS simulated by moto's server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.engine.drift.place import Place
from tests.integration.moto import moto_server


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with moto_server(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture
def place(tmp_path: Path, moto: str, db: None, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("AWS_ACCESS", "AKIATOBANTEST")
    monkeypatch.setenv("AWS_SECRET", "a-secret-of-the-tests")
    return Place(tmp_path, moto)
