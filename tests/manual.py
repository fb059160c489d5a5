"""The manual's pages, one tree per language."""

import re
from pathlib import Path

import pytest

MANUAL = Path(__file__).parents[1] / "docs" / "manual"
BOTH = pytest.mark.parametrize("language", ["ja", "en"])

_SAMPLES = re.compile(r"```.*?```", re.DOTALL)


def page(language: str, name: str) -> str:
    return (MANUAL / language / name).read_text(encoding="utf-8")


def section(text: str, part: str) -> str:
    """Return the text under the heading that contains *part*, up to the next heading of the same depth."""
    found = re.search(rf"^## [^\n]*{re.escape(part)}[^\n]*\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"no section {part}"
    return found[1]


def outline(text: str) -> list[str]:
    """Return what both languages of a page share: the depths of its headings, and its table rows."""
    lines = _SAMPLES.sub("", text).splitlines()
    return [
        line.split(" ")[0] if line.startswith("#") else "|" for line in lines if line.startswith(("#", "|"))
    ]
