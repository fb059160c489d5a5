"""AWS: moto's server, and one that refuses."""

from collections.abc import Iterator

import pytest
from tests.integration.chapters.capacity.usage_sources.cloud import ACCESS, SECRET, Refusing
from tests.integration.conftest import HttpServer
from tests.integration.moto import moto_server


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of moto's server."""
    with moto_server(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS", ACCESS)
    monkeypatch.setenv("AWS_SECRET", SECRET)


@pytest.fixture
def refusing(http_server: HttpServer) -> Refusing:
    return Refusing(http_server)
