"""A channel that does not come with Toban: one registration, and the document's own word selects it."""

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest
from tests.integration.engine.notify.channels import from_outside
from tests.registered import PARTS, schema

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.evidence.models import ClauseStatus
from toban.engine.notify.alerts import report
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.delivery import attempts
from toban.engine.notify.delivery.channel import CHANNEL_KINDS
from toban.engine.notify.delivery.outbox import NOTICES
from toban.engine.notify.models import Delivery
from toban.engine.notify.routing.contacts import contacts_of
from toban.engine.notify.signal import Condition
from toban.engine.registry.kinds import Kinds

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
DOCUMENT = """# 運用設計書

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| DB | CPU使用率 | 0-60% | 70% | 85% | 1分 |

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 運用責任者 | 社内掲示板、LINE WORKS、伝書鳩 | 即時 |
"""
BINDINGS = """
[people."運用責任者"]
name = "上原 なみ"

[channels.first]
kind = "board"
url = "env:FIRST"

[channels."LINE WORKS"]
kind = "board"
url = "env:SECOND"
"""


def test_a_channel_is_selected_by_its_own_word_and_by_the_name_it_is_bound_under(
    signal: Any, http: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRST", f"{http.url}/first")
    monkeypatch.setenv("SECOND", f"{http.url}/second")
    http.answers(201)
    transports = Kinds({"channels": {**PARTS.kinds.modules["channels"], "board": from_outside.__name__}}).of(
        CHANNEL_KINDS
    )
    models = {kind: transport.config for kind, transport in transports.items()}
    bindings = read_bindings(BINDINGS, Path("toban.toml"), schema(channels=models))

    report([signal(Condition.CRITICAL, NOON)], NOON)
    announce(read_design(DOCUMENT, "運用設計書.md"), contacts_of(bindings, transports, ""), NOON)
    for name, bound in bindings.channels.items():
        channel = transports[bound.kind].build(bound.config)
        attempts.deliver_due(NOTICES, name, channel, clock=lambda: NOON, jitter=lambda: 0.0)

    assert sorted(asked.path for asked in http.asked) == ["/first", "/second"]
    assert {asked.headers["content-type"] for asked in http.asked} == {"application/x-www-form-urlencoded"}
    assert parse_qs(http.asked[0].body.decode())["title"] == ["■ 異常: DB CPU使用率 92%"]
    assert [one.state for one in Delivery.objects.all()] == ["delivered", "delivered"]
    # An unknown word is shown, with what to do about it.
    row = ClauseStatus.objects.get(clause_id__contains="notification-rule")
    assert row.verdict == "unbound"
    assert "「伝書鳩」が何を指すか分かりません" in str(row.reason)
