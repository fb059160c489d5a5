"""Whom the pipeline would have told: its decisions, replayed on alerts of the past."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.registered import PARTS

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.notify.deciding.rehearsal import PastAlert, rehearse
from toban.engine.notify.signal import Condition

NOON = datetime(2026, 4, 1, 3, tzinfo=UTC)  # 12:00 in Tokyo
HOUR = timedelta(hours=1)
LATER = NOON + timedelta(days=2)
DOCUMENT = """# 運用設計書

## 2. 監視

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 開発担当者 | Slack | 即時 |
| 警告 (Warning) | 開発担当者 | Slack | 営業時間内 |
"""
BINDINGS = """
[channels.slack]
kind = "slack"
webhook = "env:SLACK"

[people."開発担当者"]
"""


def edition() -> Edition:
    bindings = read_bindings(BINDINGS, Path("toban.toml"), PARTS.schema)
    return Edition(read_design(DOCUMENT, "運用設計書.md"), bindings, PARTS.kinds)


def alert(condition: Condition, opened: datetime, lasts: timedelta | None, key: str = "cpu") -> PastAlert:
    end = opened + lasts if lasts is not None else None
    return PastAlert(key, "monitor", ((opened, condition),), end)


def test_a_short_alert_is_told_once_and_its_end_once() -> None:
    told = rehearse([alert(Condition.CRITICAL, NOON, HOUR)], edition(), LATER)

    assert (dict(told.messages), told.twice) == ({"開発担当者": 2}, 0)


def test_what_nobody_acknowledges_is_told_again() -> None:
    told = rehearse([alert(Condition.CRITICAL, NOON, 9 * HOUR)], edition(), LATER)

    assert told.twice == 1
    assert told.messages["開発担当者"] > 2


def test_a_warning_at_night_that_is_over_before_the_office_opens_reaches_nobody() -> None:
    night = NOON + 12 * HOUR

    told = rehearse([alert(Condition.WARNING, night, HOUR)], edition(), LATER)

    assert (dict(told.messages), told.twice) == ({}, 0)


def test_what_comes_and_goes_is_told_like_flapping() -> None:
    minute = timedelta(minutes=1)
    alerts = [alert(Condition.CRITICAL, NOON + 4 * minute * n, minute) for n in range(7)]

    told = rehearse(alerts, edition(), LATER)

    # Four times each, then the flapping once, and its end once calm.
    assert told.messages["開発担当者"] < 2 * len(alerts)


def test_an_alert_that_is_open_at_the_end_has_no_end_to_tell() -> None:
    told = rehearse([alert(Condition.CRITICAL, NOON, None)], edition(), NOON + HOUR)

    assert told.messages == {"開発担当者": 1}
