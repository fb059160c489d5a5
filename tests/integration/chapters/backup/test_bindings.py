"""What the bindings make of the document's rows: works, a batch in their place, or what to write."""

from pathlib import Path

import pytest
from tests.integration.chapters.backup.test_service import BINDINGS, DOCUMENT, FULL, INCREMENTAL, House

from toban.message import Message

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_batch_that_makes_the_backup_replaces_the_row(tmp_path: Path) -> None:
    batches = '[batches.B001]\nkind = "backup"\nsubject = "PostgreSQL"\n'

    house = House(tmp_path, bindings=BINDINGS + batches)

    assert sorted(house.works) == ["PostgreSQL/incremental"]
    assert [(each.work, each.is_batch) for each in house.plan.policies] == [
        ("B001", True),
        ("PostgreSQL/incremental", False),
    ]


@pytest.mark.parametrize(
    ("bindings", "words"),
    [
        ("", '[backups."PostgreSQL"]'),
        ('[backups.PostgreSQL]\nkind = "fake"\n', '[stores."倉庫"]'),
        ('[backups.PostgreSQL]\nkind = "fake"\nstore = "蔵"\n', '[stores."蔵"]'),
    ],
    ids=["not bound", "no store", "unknown store"],
)
def test_an_unbound_row_says_what_to_write_in_the_bindings(tmp_path: Path, bindings: str, words: str) -> None:
    house = House(tmp_path, bindings=bindings)

    assert house.works == {}
    assert words in str(house.plan.unbound[FULL])
    assert house.plan.unbound["backup/recovery-objective/RPO"].code == "backup.none-bound"


def test_an_unknown_method_is_reported(tmp_path: Path) -> None:
    house = House(tmp_path, document=DOCUMENT.replace("増分バックアップ", "レプリケーション"))

    row = INCREMENTAL.replace("増分バックアップ", "レプリケーション")
    assert house.plan.unbound[row] == Message("backup.method-not-known", method="レプリケーション")
