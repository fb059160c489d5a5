"""The manual's pages, one tree for each language."""

import re
from pathlib import Path

import pytest

MANUAL = Path(__file__).parents[1] / "docs" / "manual"
BOTH = pytest.mark.parametrize("language", ["ja", "en"])

_SAMPLES = re.compile(r"```.*?```", re.DOTALL)


def page(language: str, name: str) -> str:
    return (MANUAL / language / name).read_text(encoding="utf-8")


def section(text: str, part: str) -> str:
    """Return what stands under the heading that holds *part*, up to the next of the same depth."""
    found = re.search(rf"^## [^\n]*{re.escape(part)}[^\n]*\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"no section {part}"
    return found[1]


def outline(text: str) -> list[str]:
    """Return what both languages share of a page: the depths of its headings, and the rows of its tables."""
    lines = _SAMPLES.sub("", text).splitlines()
    return [
        line.split(" ")[0] if line.startswith("#") else "|" for line in lines if line.startswith(("#", "|"))
    ]
