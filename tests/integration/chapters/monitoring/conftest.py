"""AWS, shared by all who measure or look for hosts there."""

from collections.abc import Iterator

import pytest
from tests.integration.moto import moto_server


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of moto's server; what one test makes there, others see."""
    with moto_server(tmp_path_factory.mktemp("moto")) as url:
        yield url
