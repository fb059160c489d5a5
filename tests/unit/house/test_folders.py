"""A folder's listing tells its story: it is read in one look."""

from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[3]
MOST = 18
DOCUMENTS = "tests/unit/design/lint/fixtures"
"""One document for each finding, by its code."""


def test_no_folder_is_a_heap() -> None:
    files = [
        path.relative_to(ROOT)
        for top in ("src", "tests", "benchmarks", "tools")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    count = Counter(str(path.parent) for path in files)

    assert count["src/toban/engine"] > 0
    assert {folder: n for folder, n in count.items() if n > MOST and folder != DOCUMENTS} == {}
