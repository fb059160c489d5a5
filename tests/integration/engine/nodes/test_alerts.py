"""A node that is gone, or has another key, raises an alert, and ends it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.registered import PARTS

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.changes.query import ChangeSearch, found, told
from toban.engine.editions.edition import Edition
from toban.engine.nodes.forgetting import forget
from toban.engine.nodes.models import NodeProcess
from toban.engine.nodes.operation import report
from toban.engine.nodes.rules import GONE
from toban.engine.notify.models import Alert
from toban.engine.orders import NotPossible

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


def node(host: str, **more: Any) -> NodeProcess:
    usual: dict[str, Any] = {"version": "1.0", "key": "aa", "began_at": NOON, "seen_at": NOON}
    return NodeProcess.objects.create(host=host, program="worker", pid=7, **usual | more)


def test_a_node_that_is_gone_raises_a_warning_until_it_is_back() -> None:
    gone = node("web-1", seen_at=NOON - 2 * GONE)
    node("web-2")

    report(EDITION, NOON)
    report(EDITION, NOON)

    alert = Alert.objects.get()
    assert (alert.key, alert.condition) == ("toban/node/gone/web-1/worker/7", "warning")
    assert str(alert.value) == "web-1/worker/7 からの生存信号が約2分前から途絶えています"
    assert alert.clause_text.startswith("警告")

    gone.seen_at = NOON
    gone.save()
    report(EDITION, NOON)

    alert.refresh_from_db()
    assert alert.resolved_at == NOON


def test_differing_keys_are_one_alert() -> None:
    node("web-1")
    node("web-2", key="bb")

    report(EDITION, NOON)

    alert = Alert.objects.get()
    assert alert.key == "toban/node/keys/"
    assert "鍵が一致しません" in str(alert.value)


def test_a_node_whose_files_are_left_behind_raises_none() -> None:
    node("web-1", is_left_behind=True)
    node("web-2", version="2.0")

    report(EDITION, NOON)

    assert not Alert.objects.exists()


def test_a_node_that_is_forgotten_is_over_and_recorded() -> None:
    node("web-1", seen_at=NOON - 2 * GONE)
    report(EDITION, NOON)

    forget("web-1/worker/7", by="aki", now=NOON)
    report(EDITION, NOON)

    assert Alert.objects.get().resolved_at == NOON
    (change,) = told(found(ChangeSearch(since=NOON - timedelta(hours=1))))
    assert str(change.facts.said) == "ノードを一覧から外した: web-1/worker/7"


@pytest.mark.parametrize("name", ["web-1/worker/7", "web-9/worker/7", "web-1/worker/x", ""])
def test_only_a_node_that_is_gone_is_forgotten(name: str) -> None:
    node("web-1")

    with pytest.raises(NotPossible):
        forget(name, by="aki", now=NOON)

    assert NodeProcess.objects.count() == 1
