"""The shop whose rows are judged; `shop` makes the accounts."""

from pathlib import Path

import pytest
from tests.integration.chapters.release.rows.place import Place
from tests.integration.chapters.release.shop import Shop


@pytest.fixture
def place(shop: Shop, tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.source.add("v1")
    return place
