from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from toban.engine.notify.channels.webhook.payload import payload
from toban.engine.notify.delivery.notice import Notice, NoticeAbout, NoticeKind


def text(written: str) -> dict[str, object]:
    return {"code": "common.text", "values": {"text": written}}


def test_an_alert_is_sent_in_full(notice: Notice) -> None:
    assert payload(notice) == {
        "type": "notice.firing",
        "timestamp": "2026-04-01T12:00:00Z",
        "data": {
            "id": "0a1b2c",
            "alert": "alert-1",
            "level": "critical",
            "subject": "DB CPU使用率",
            "title": "■ 異常: DB CPU使用率 92%",
            "facts": [
                {"label": "測定値", "value": "92%"},
                {"label": "しきい値", "value": "異常 85%以上"},
            ],
            "language": "ja",
            "messages": {
                "title": text("■ 異常: DB CPU使用率 92%"),
                "subject": text("DB CPU使用率"),
                "facts": [{"label": {"code": "notify.fact-value", "values": {}}, "value": text("92%")}],
            },
            "citation": "運用設計書.md:34",
            "clause": "DB | CPU使用率 | 0-60% | 70% | 85% | 1分",
            "began_at": "2026-04-01T11:59:00Z",
            "ended_at": None,
            "url": "https://toban.example.com/alerts/1",
        },
    }


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (NoticeKind.FIRING, "notice.firing"),
        (NoticeKind.NO_DATA, "notice.no-data"),
        (NoticeKind.RECOVERED, "notice.recovered"),
    ],
)
def test_the_type_says_what_kind_of_notice_it_is(notice: Notice, kind: NoticeKind, written: str) -> None:
    assert payload(replace(notice, kind=kind))["type"] == written


def test_a_recovery_states_its_time_in_utc(notice: Notice) -> None:
    ended_at = datetime(2026, 4, 1, 21, 5, 0, 250_000, tzinfo=ZoneInfo("Asia/Tokyo"))

    event: Any = payload(replace(notice, kind=NoticeKind.RECOVERED, ended_at=ended_at, url=""))

    assert event["data"]["ended_at"] == "2026-04-01T12:05:00.250000Z"
    assert event["data"]["url"] is None


def test_programs_are_told_what_it_is_about_in_fields(notice: Notice, about: NoticeAbout) -> None:
    event: Any = payload(replace(notice, about=about))

    assert event["data"]["about"] == {
        "row": "monitor/db-cpu",
        "row_url": "https://toban.example.com/clauses/monitor/db-cpu",
        "target": "DB",
        "instance": "db-1",
        "metric": "cpu_usage_percent",
        "value": "92%",
        "threshold": "異常 85%以上",
        "messages": {"value": text("92%"), "threshold": text("異常 85%以上")},
    }


def test_what_is_not_known_is_null(notice: Notice) -> None:
    event: Any = payload(replace(notice, about=NoticeAbout("matrix/critical")))

    assert event["data"]["about"]["row"] == "matrix/critical"
    unknown = ("row_url", "target", "instance", "metric", "value", "threshold")
    assert [event["data"]["about"][name] for name in unknown] == [None] * len(unknown)
