"""Shared by the tests of payloads."""

from datetime import UTC, datetime

import pytest

from toban.design.values.severity import AlertLevel
from toban.engine.notify.delivery.notice import Notice, NoticeAbout, NoticeKind, NoticeMessages
from toban.message import Message, plain


@pytest.fixture
def notice() -> Notice:
    return Notice(
        key="0a1b2c",
        alert_key="alert-1",
        kind=NoticeKind.FIRING,
        level=AlertLevel.CRITICAL,
        title="■ 異常: DB CPU使用率 92%",
        facts=(("測定値", "92%"), ("しきい値", "異常 85%以上")),
        citation="運用設計書.md:34",
        clause_text="DB | CPU使用率 | 0-60% | 70% | 85% | 1分",
        subject="DB CPU使用率",
        began_at=datetime(2026, 4, 1, 11, 59, tzinfo=UTC),
        at=datetime(2026, 4, 1, 12, tzinfo=UTC),
        url="https://toban.example.com/alerts/1",
        messages=NoticeMessages(
            title=plain("■ 異常: DB CPU使用率 92%"),
            subject=plain("DB CPU使用率"),
            facts=((Message("notify.fact-value"), plain("92%")),),
        ),
    )


@pytest.fixture
def about() -> NoticeAbout:
    return NoticeAbout(
        clause_id="monitor/db-cpu",
        target="DB",
        metric="cpu_usage_percent",
        instance="db-1",
        value=plain("92%"),
        threshold=plain("異常 85%以上"),
        row_url="https://toban.example.com/clauses/monitor/db-cpu",
    )
