"""Decisions of a document, judged once."""

from datetime import datetime
from pathlib import Path

from tests.registered import PARTS

from toban.chapters.decisions import report
from toban.chapters.decisions.operation import OPERATION
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition


def edition_of(document: str, bindings: str = "") -> Edition:
    """Return *document* and *bindings* as an edition with all that is registered."""
    read = read_bindings(bindings, Path("toban.toml"), PARTS.schema)
    return Edition(read_design(document, "運用設計書.md"), read, PARTS.kinds)


def judge(edition: Edition, now: datetime) -> None:
    """Judge every decision of *edition*, and show what came of it."""
    report.tell(edition.plan(OPERATION).testable, PARTS.ports, edition, now)
