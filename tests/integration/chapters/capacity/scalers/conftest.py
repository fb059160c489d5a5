"""AWS: moto's server, and an endpoint before it."""

from collections.abc import Iterator

import pytest
from tests.integration.chapters.capacity.scalers.between import ACCESS, SECRET, Between
from tests.integration.conftest import HttpServer
from tests.integration.moto import moto_server


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of moto's server."""
    with moto_server(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture
def aws(http_server: HttpServer, moto: str, monkeypatch: pytest.MonkeyPatch) -> Between:
    """An endpoint that passes on to moto; the keys are where the bindings say."""
    monkeypatch.setenv("AWS_ACCESS", ACCESS)
    monkeypatch.setenv("AWS_SECRET", SECRET)
    return Between(http_server, moto)
