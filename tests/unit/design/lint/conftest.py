"""Shared by the tests of lint rules: from a short document to findings."""

from collections.abc import Callable
from datetime import date

import pytest

from toban.design.finding import Finding
from toban.design.lint import inspect
from toban.design.reader import read_design

TODAY = date(2026, 4, 1)


@pytest.fixture
def find() -> Callable[[str, str], list[Finding]]:
    """Return a function that returns the findings of one code in a document, as of 1 April 2026."""

    def findings(code: str, text: str) -> list[Finding]:
        design = read_design(text, "運用設計書.md")
        return [finding for finding in inspect(design, TODAY) if finding.code == code]

    return findings
