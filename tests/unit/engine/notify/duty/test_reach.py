from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from toban.design.clauses.duty import DutyRole
from toban.design.clauses.notices import NotificationRule
from toban.design.reader import read_design
from toban.engine.notify.duty.reach import emergency_contact

DOCUMENT = """# 運用設計書

## 1. 運用方針

### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 上原 | 平日9:00-18:00 |
| 開発担当者 | 伊波 | 平日9:00-18:00 |
| 緊急連絡先 | 090-0000-0000 | 24時間365日 |

## 2. 監視

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 運用責任者、開発担当者 | Slack、メール | 即時 |
"""
TOKYO = ZoneInfo("Asia/Tokyo")
WEDNESDAY = datetime(2026, 4, 1, 17, 59, tzinfo=TOKYO)
HOLIDAY = datetime(2026, 4, 29, 12, tzinfo=TOKYO)


def contact(moment: datetime, document: str = DOCUMENT, holidays: Sequence[date] = ()) -> str:
    design = read_design(document, "運用設計書.md")
    found = emergency_contact(design.of(NotificationRule), design.of(DutyRole), moment, holidays)
    return found.role if found is not None else ""


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (WEDNESDAY, ""),
        (WEDNESDAY.replace(hour=18, minute=0), "緊急連絡先"),
        (WEDNESDAY.replace(hour=8), "緊急連絡先"),
        (WEDNESDAY.replace(hour=9, minute=0), ""),
        (datetime(2026, 4, 4, 12, tzinfo=TOKYO), "緊急連絡先"),
    ],
)
def test_out_of_hours_the_emergency_contact_is_notified_too(moment: datetime, expected: str) -> None:
    assert contact(moment) == expected


def test_a_public_holiday_is_not_a_working_day() -> None:
    assert contact(HOLIDAY, holidays=[HOLIDAY.date()]) == "緊急連絡先"
    assert contact(HOLIDAY) == ""


def test_a_role_without_hours_counts_as_present() -> None:
    assert contact(WEDNESDAY.replace(hour=3), DOCUMENT.replace("運用責任者、開発担当者", "当番")) == ""


def test_without_an_emergency_contact_nobody_else_is_added() -> None:
    assert contact(WEDNESDAY.replace(hour=3), DOCUMENT.replace("緊急連絡先", "ヘルプデスク")) == ""


def test_rows_that_name_no_role_add_no_emergency_contact() -> None:
    assert (
        contact(WEDNESDAY.replace(hour=3), DOCUMENT.replace("運用責任者、開発担当者", "Slack#alerts")) == ""
    )
