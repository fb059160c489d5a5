"""The shop's documents in their places."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.chapters.documents.place import TOKEN, Place, serving


@pytest.fixture
def place(tmp_path: Path, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("WIKI_TOKEN", TOKEN)
    with serving() as wiki:
        yield Place(tmp_path, wiki)
