"""A folder's listing is short enough to be read at a glance."""

from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[3]
MOST = 18
BY_DOCUMENT = {"tests/unit/design/lint/fixtures", "benchmarks/corpus_labels"}
"""One file per finding, named by its code, and one per document of the corpus."""


def test_no_folder_has_too_many_files() -> None:
    files = [
        path.relative_to(ROOT)
        for top in ("src", "tests", "benchmarks", "tools")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    count = Counter(str(path.parent) for path in files)

    assert count["src/toban/engine"] > 0
    assert {folder: n for folder, n in count.items() if n > MOST and folder not in BY_DOCUMENT} == {}
