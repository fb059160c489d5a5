"""An agenda in the format of RFC 5545."""

from datetime import UTC, date, datetime

from toban.design.reader import read_design
from toban.engine.bindings.model import System
from toban.engine.calendar.agenda import Agenda, agenda
from toban.faces.icalendar import icalendar

NOON = datetime(2026, 4, 1, 3, tzinfo=UTC)
DOCUMENT = """# 運用設計書

## 1. 運用方針

### サービス提供時間
- **メンテナンス**: 毎月第2日曜日 2:00-4:00 (計画メンテナンス)

## 10. 定期作業

### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---|---|---|---|
| 棚卸し | 第2日曜 | 開発担当者 | 数える, 書く; 消す |
"""


def shown() -> Agenda:
    design = read_design(DOCUMENT, "運用設計書.md")
    return agenda(design, System(), date(2026, 4, 12), date(2026, 4, 12))


def lines(text: str) -> list[str]:
    """Unfold *text* like a calendar program does."""
    return text.replace("\r\n ", "").split("\r\n")


def test_a_window_is_an_event_in_utc_and_a_day_is_an_all_day_event() -> None:
    found = lines(icalendar(shown(), "店", NOON))

    assert found[:4] == ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Toban//Toban//JA", "X-WR-CALNAME:店"]
    assert found[-2:] == ["END:VCALENDAR", ""]
    assert found.count("BEGIN:VEVENT") == found.count("END:VEVENT") == 2
    assert {"DTSTART:20260411T170000Z", "DTEND:20260411T190000Z", "DTSTAMP:20260401T030000Z"} <= set(found)
    assert {"DTSTART;VALUE=DATE:20260412", "DTEND;VALUE=DATE:20260413"} <= set(found)


def test_text_is_escaped_and_cites_its_row() -> None:
    found = lines(icalendar(shown(), "店; 本店", NOON))

    assert "X-WR-CALNAME:店\\; 本店" in found
    assert any(
        line.startswith("DESCRIPTION:運用設計書.md:13 ") and "数える\\, 書く\\; 消す" in line
        for line in found
    )


def test_no_line_is_longer_than_75_octets_and_none_splits_a_character() -> None:
    text = icalendar(shown(), "あ" * 100, NOON).encode()

    pieces = text.split(b"\r\n")

    assert max(map(len, pieces)) <= 75
    assert all(piece.decode() is not None for piece in pieces)
    assert f"X-WR-CALNAME:{'あ' * 100}" in lines(text.decode())


def test_an_event_keeps_its_uid_in_every_export() -> None:
    def names(now: datetime) -> list[str]:
        return [line for line in lines(icalendar(shown(), "店", now)) if line.startswith("UID:")]

    assert names(NOON) == names(datetime(2027, 1, 1, tzinfo=UTC))
    assert len(set(names(NOON))) == 2
