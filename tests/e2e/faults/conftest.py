"""State databases of real PostgreSQL servers, as for integration tests, and a shop that can go down."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.faults.outage import Shop, opened
from tests.integration.states import migrated_postgres, postgres

__all__ = ["migrated_postgres", "postgres"]


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[tuple[Shop, str]]:
    """The shop in the folder of the running Toban, and its URL."""
    with opened(folder) as made:
        yield made
