"""Chapter 4 of the shop's document, with the shop's own bindings."""

from pathlib import Path

import pytest
from tests.registered import PARTS

from toban.chapters.backup import works
from toban.chapters.backup.drills import routine as drills
from toban.chapters.backup.works import BackupPlan
from toban.design.reader import Design, load_design
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.model import Bindings
from toban.engine.registry.parts import Parts

pytestmark = pytest.mark.slow

SHOP = Path(__file__).parents[3] / "examples" / "webshop"


@pytest.fixture
def parts() -> Parts:
    return PARTS


@pytest.fixture
def bindings(parts: Parts, tmp_path: Path) -> Bindings:
    text = (SHOP / "toban.toml").read_text(encoding="utf-8")
    return read_bindings(text, tmp_path / "toban.toml", parts.schema)


@pytest.fixture
def design() -> Design:
    return load_design(SHOP / "運用設計書.md")


@pytest.fixture
def planned(design: Design, bindings: Bindings, parts: Parts) -> BackupPlan:
    return works.plan(design, bindings, parts.kinds)


def test_full_copies_are_made_by_the_batch_and_increments_by_their_row(planned: BackupPlan) -> None:
    assert [policy.work for policy in planned.policies] == ["B001", "PostgreSQL/incremental"]


def test_rpo_and_rto_are_judged(planned: BackupPlan) -> None:
    assert [each.objective for each in planned.objectives] == ["RPO", "RTO"]


def test_the_restore_test_of_the_document_is_run(
    design: Design, bindings: Bindings, planned: BackupPlan
) -> None:
    assert set(drills.plan(design, bindings, planned.sources).works) == {"PostgreSQL/drill"}
