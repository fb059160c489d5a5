from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.design.calendar import BusinessCalendar
from toban.design.clauses.objectives import MaintenanceWindow
from toban.design.reader import read_design
from toban.engine.notify.routing.maintenance import (
    AnnouncedMaintenance,
    OpenWindow,
    open_window,
    window_for,
)

HEAD = "# 運用設計書\n\n## 1. 運用方針\n\n### サービス提供時間\n"
TOKYO = ZoneInfo("Asia/Tokyo")


def windows(words: str) -> tuple[MaintenanceWindow, ...]:
    text = f"{HEAD}- **メンテナンス**: {words} (計画メンテナンス)\n"
    found = read_design(text, "運用設計書.md").of(MaintenanceWindow)
    assert found, "the document's window was not read"
    return found


SECOND_SUNDAY = windows("毎月第2日曜日 2:00-4:00")


def at(now: datetime, of: tuple[MaintenanceWindow, ...] = SECOND_SUNDAY) -> OpenWindow | None:
    return open_window(of, zone=TOKYO, business=BusinessCalendar(), now=now)


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        (datetime(2026, 4, 12, 1, 59, 59, tzinfo=TOKYO), False),
        (datetime(2026, 4, 12, 2, 0, tzinfo=TOKYO), True),
        (datetime(2026, 4, 12, 3, 59, 59, tzinfo=TOKYO), True),
        (datetime(2026, 4, 12, 4, 0, tzinfo=TOKYO), False),
        (datetime(2026, 4, 5, 3, 0, tzinfo=TOKYO), False),
        (datetime(2026, 4, 19, 3, 0, tzinfo=TOKYO), False),
    ],
)
def test_the_window_is_open_from_its_start_until_before_its_end(now: datetime, is_open: bool) -> None:
    assert (at(now) is not None) is is_open


def test_the_window_is_in_the_documents_zone_whatever_zone_the_clock_has() -> None:
    found = at(datetime(2026, 4, 11, 17, 30, tzinfo=UTC))

    assert found == OpenWindow("運用設計書.md:6", datetime(2026, 4, 12, 4, tzinfo=TOKYO))


def test_a_window_over_midnight_is_still_open_on_the_next_day() -> None:
    over_midnight = windows("毎週土曜日 23:00-1:00")

    assert at(datetime(2026, 4, 12, 0, 59, tzinfo=TOKYO), over_midnight) is not None
    assert at(datetime(2026, 4, 12, 1, 0, tzinfo=TOKYO), over_midnight) is None


def test_the_later_ending_of_two_open_windows_counts() -> None:
    both = (*SECOND_SUNDAY, *windows("毎月第2日曜日 3:00-5:00"))

    found = at(datetime(2026, 4, 12, 3, 30, tzinfo=TOKYO), both)

    assert found is not None
    assert found.until - datetime(2026, 4, 12, 3, 30, tzinfo=TOKYO) == timedelta(minutes=90)


def test_no_maintenance_holds_back_what_is_told_about_approvals() -> None:
    whole = AnnouncedMaintenance("mira: all", frozenset(), datetime(2026, 4, 12, 5, tzinfo=TOKYO))
    by_document = at(datetime(2026, 4, 12, 3, tzinfo=TOKYO))

    assert window_for({"item": "approval"}, [whole], by_document) is None
    assert window_for({"item": "task", "personal": "yes"}, [whole], by_document) is None
    assert window_for({"item": "cpu"}, [whole], by_document) == OpenWindow("mira: all", whole.until)
