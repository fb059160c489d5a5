"""A simulated AWS, shared by all tests that measure or discover hosts there."""

from collections.abc import Iterator

import pytest
from tests.integration.moto import moto_server


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of moto's server; objects made by one test are visible to others."""
    with moto_server(tmp_path_factory.mktemp("moto")) as url:
        yield url
