"""Clusters with a stanza."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.chapters.backup.debian17 import Debian17
from tests.integration.chapters.backup.engines.conftest import place_of
from tests.integration.chapters.backup.engines.pgbackrest_source import Backed, discard, make


@pytest.fixture(scope="module")
def backed(debian: Debian17, request: pytest.FixtureRequest) -> Iterator[Backed]:
    """A cluster for all tests of a module."""
    made = make(debian, place_of(request))
    yield made
    discard(made)


@pytest.fixture
def own_backed(debian: Debian17, tmp_path: Path) -> Iterator[Backed]:
    """A cluster that a test may break."""
    made = make(debian, tmp_path.name)
    yield made
    discard(made)
