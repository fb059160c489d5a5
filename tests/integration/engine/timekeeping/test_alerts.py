"""A machine whose clock is wrong raises an alert, and ends it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.registered import PARTS

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.notify.models import Alert
from toban.engine.timekeeping.models import WrongClock
from toban.engine.timekeeping.operation import report

pytestmark = pytest.mark.django_db

DESIGN = """# 運用設計書
## 2. 監視
### 通知設計
| レベル | 通知先 | 通知方法 |
|---|---|---|
| 異常 | 開発チーム | メール |
| 警告 | 開発チーム | メール |
"""
EDITION = Edition(
    read_design(DESIGN, "運用設計書.md"), read_bindings("", Path("toban.toml"), PARTS.schema), PARTS.kinds
)
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_a_wrong_clock_raises_a_warning_under_the_matrix_until_it_is_right() -> None:
    WrongClock.note("web1", 11 * MINUTE, NOON)

    report(EDITION, NOON)
    report(EDITION, NOON)

    alert = Alert.objects.get()
    assert (alert.key, alert.condition, alert.began_at) == ("toban/clock/web1", "warning", NOON)
    assert str(alert.value) == "データベースの時計より11分進んでいます"
    assert alert.clause_text.startswith("警告")

    WrongClock.objects.all().delete()
    report(EDITION, NOON + MINUTE)

    alert.refresh_from_db()
    assert alert.resolved_at == NOON + MINUTE


def test_the_alert_ends_when_no_process_of_the_machine_is_left() -> None:
    WrongClock.note("web1", 11 * MINUTE, NOON)
    report(EDITION, NOON)

    report(EDITION, NOON + MINUTE)
    assert Alert.objects.get().resolved_at is None
    report(EDITION, NOON + MINUTE + timedelta(seconds=1))

    assert Alert.objects.get().resolved_at is not None
    assert not WrongClock.objects.exists()


def test_nothing_is_raised_while_all_clocks_are_right() -> None:
    report(EDITION, NOON)

    assert not Alert.objects.exists()
