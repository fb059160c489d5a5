"""Due reviews of errors, as listed on the first screen."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.integration.chapters.errors.reported import DOCUMENT
from tests.registered import schema

from toban.chapters.errors.models import ErrorReview
from toban.chapters.errors.operation import OPERATION
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.ledger import Record, append
from toban.engine.evidence.models import LedgerEntry
from toban.engine.overview import EditionStatus, ToDo

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 11, 23, 8, tzinfo=ZoneInfo("Asia/Tokyo"))
DAY = timedelta(days=1)
BOUND = '[errors.shop]\nproject = 1\nkey = "env:KEY"\n'


@pytest.fixture(autouse=True)
def running_since_long_ago() -> None:
    append(Record(LedgerEntry.Kind.DOCUMENT, {"in_force": "運用設計書.md"}), now=MONDAY - 30 * DAY)


def asked(now: datetime, bindings: str = BOUND) -> list[ToDo]:
    bound = read_bindings(bindings, Path("toban.toml"), schema())
    return list(
        OPERATION.to_do(Edition(read_design(DOCUMENT, "運用設計書.md"), bound), EditionStatus(now, {}))
    )


def review(at: datetime) -> None:
    ErrorReview.objects.create(monday=(MONDAY - 7 * DAY).date(), by="nami", at=at)


def test_a_review_is_due_from_the_morning_of_its_day() -> None:
    (found,) = asked(MONDAY)

    assert (str(found.subject), found.assignee) == ("エラーログ分析", "開発担当者")
    assert found.at == MONDAY.replace(hour=10)


def test_a_review_that_was_not_done_is_still_due_days_later() -> None:
    assert [each.at for each in asked(MONDAY + 3 * DAY)] == [MONDAY.replace(hour=10)]


@pytest.mark.parametrize("done", [MONDAY - DAY / 2, MONDAY.replace(hour=11)])
def test_a_finished_review_is_no_longer_due(done: datetime) -> None:
    review(done)

    assert asked(MONDAY.replace(hour=12)) == []


def test_no_review_is_due_when_errors_are_not_collected() -> None:
    assert asked(MONDAY, bindings="") == []
