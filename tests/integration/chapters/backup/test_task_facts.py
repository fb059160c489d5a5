"""What people are shown who look at the night's backups and at the alerts."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.integration.chapters.backup.drill_document import DESIGN, drilled
from tests.registered import PARTS

from toban.chapters.backup.facts import facts
from toban.chapters.backup.models import Backup
from toban.design.clauses.routine import Routine
from toban.design.reader import read_design
from toban.engine.editions.edition import Edition
from toban.engine.notify import alerts
from toban.engine.notify.facts import of_alerts
from toban.engine.notify.signal import Condition, Signal
from toban.engine.tasks.facts import TaskOccasion, gathered
from toban.message import Message, plain

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 12, 7, 9, tzinfo=ZoneInfo("Asia/Tokyo"))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LOOKS = """
### 日次作業
| 作業項目 | 実施時間 | 担当者 | 内容 |
|---|---|---|---|
| バックアップ成功確認 | 9:00 | 開発担当者 | 前夜の結果を見る |
| 監視ダッシュボード確認 | 9:00 | 開発担当者 | 前日の通知を見る |
| 床の掃除 | 9:00 | 開発担当者 | 見る |
"""


def occasion(tmp_path: Path, name: str) -> TaskOccasion:
    bound = drilled(tmp_path)
    edition = Edition(read_design(DESIGN + LOOKS, "運用設計書.md"), bound.bindings, bound.kinds)
    row = next(each for each in edition.design.of(Routine) if each.name == name)
    return TaskOccasion(edition, row, NINE - DAY, NINE)


def taken(ended_at: datetime, trouble: Message | None = None) -> None:
    Backup.objects.create(
        subject="PostgreSQL", label=f"{ended_at:%H%M}F", method="full", engine="fake", stored_bytes=1_200_000,
        clause_id="backup/backup-policy/PostgreSQL/フルバックアップ", started_at=ended_at - HOUR,
        ended_at=ended_at, restorable_to=ended_at, trouble=trouble or plain(""),
    )  # fmt: skip


def test_a_look_at_backups_shows_the_newest_of_each_row_since_the_last_look(tmp_path: Path) -> None:
    taken(NINE - 2 * DAY)
    taken(NINE - 7 * HOUR)
    taken(NINE + HOUR)

    (fact,) = facts(occasion(tmp_path, "バックアップ成功確認"), NINE)

    assert str(fact.label) == "PostgreSQL フルバックアップ"
    assert str(fact.value).startswith("最新 2026-12-07 02:00、1.2 MB (前回から 1 件)")
    assert not fact.is_exception


@pytest.mark.parametrize("trouble", [None, Message("backup.page")])
def test_a_night_without_a_backup_or_with_one_that_is_in_trouble_is_an_exception(
    tmp_path: Path, trouble: Message | None
) -> None:
    if trouble is not None:
        taken(NINE - HOUR, trouble)

    (fact,) = facts(occasion(tmp_path, "バックアップ成功確認"), NINE)

    assert fact.is_exception


def opened(key: str, condition: Condition, at: datetime) -> Signal:
    said = plain(key)
    return Signal(
        key=key, clause_id="x", citation="x:1", clause_text="x", condition=condition, subject=said,
        value=said, limit=said, began_at=at, detected_at=at,
    )  # fmt: skip


def test_a_look_at_alerts_counts_those_since_the_last_look_and_what_goes_on(tmp_path: Path) -> None:
    alerts.report([opened("old", Condition.WARNING, NINE - 2 * DAY)], NINE - 2 * DAY)
    alerts.report([opened("new", Condition.WARNING, NINE - HOUR)], NINE - HOUR)
    alerts.report([opened("later", Condition.CRITICAL, NINE + HOUR)], NINE + HOUR)
    looked = occasion(tmp_path, "監視ダッシュボード確認")

    (before,) = of_alerts(looked, NINE)
    alerts.report([opened("old", Condition.OK, NINE), opened("new", Condition.OK, NINE)], NINE - HOUR / 2)
    (after,) = of_alerts(looked, NINE)

    assert (str(before.value), before.is_exception) == (
        "1 件 (異常 0、警告 1、データなし 0)、継続中 2", True,
    )  # fmt: skip
    assert (str(after.value), after.is_exception) == (
        "1 件 (異常 0、警告 1、データなし 0)、継続中 0", False,
    )  # fmt: skip


def test_other_work_has_no_facts(tmp_path: Path) -> None:
    assert gathered(occasion(tmp_path, "床の掃除"), PARTS.ports, NINE) == ()
