"""A shop that pays for a cloud."""

from pathlib import Path

import pytest
from tests.integration.chapters.cost.place import Place


@pytest.fixture
def place(tmp_path: Path, db: None) -> Place:
    return Place(tmp_path)
