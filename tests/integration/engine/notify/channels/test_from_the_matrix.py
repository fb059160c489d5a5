"""From the document's word for a channel to the receiver, through bindings, pipeline and outbox."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from tests.registered import PARTS, kinds, schema

from toban.design.reader import Design, read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.notify.alerts import report
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.delivery import attempts
from toban.engine.notify.delivery.channel import CHANNEL_KINDS, Channel
from toban.engine.notify.delivery.outbox import NOTICES
from toban.engine.notify.models import Delivery
from toban.engine.notify.routing.contacts import Contacts, contacts_of
from toban.engine.notify.signal import Condition, Signal
from toban.faces.cli.document import init

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
| 異常 (Critical) | 運用責任者 | Microsoft Teams | 即時 |
| 警告 (Warning) | Teams#運用、運用責任者、Webhook#当番 | Webhook | 即時 |
"""
BINDINGS = """
[people."運用責任者"]
name = "上原 なみ"

[channels.all]
kind = "teams"
webhook = "env:TEAMS_ALL"

[channels.ops]
kind = "teams"
webhook = "env:TEAMS_OPS"
channel = "#運用"

[channels.hook]
kind = "webhook"
url = "env:WEBHOOK_URL"
secret = "env:WEBHOOK_SECRET"

[channels.on-call]
kind = "alertmanager"
url = "env:RECEIVER_URL"
channel = "#当番"
"""

type MakeSignal = Callable[..., Signal]
type Tell = Callable[[Condition], None]


@pytest.fixture
def document() -> Design:
    return read_design(DOCUMENT, "運用設計書.md")


@pytest.fixture
def tell(document: Design, signal: MakeSignal) -> Tell:
    """Return a function that reports a condition of the monitor to all receivers the bindings name."""
    transports = kinds(CHANNEL_KINDS)
    models = {kind: transport.config for kind, transport in transports.items()}
    bindings = read_bindings(BINDINGS, Path("toban.toml"), schema(channels=models))
    contacts: Contacts = contacts_of(bindings, transports, "https://toban.shop.example")
    channels: dict[str, Channel] = {
        name: transports[bound.kind].build(bound.config) for name, bound in bindings.channels.items()
    }

    def told(condition: Condition) -> None:
        report([signal(condition, NOON)], NOON)
        announce(document, contacts, NOON)
        for name, channel in channels.items():
            attempts.deliver_due(NOTICES, name, channel, clock=lambda: NOON, jitter=lambda: 0.0)

    return told


@pytest.fixture(autouse=True)
def places(http: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAMS_ALL", f"{http.url}/teams/all")
    monkeypatch.setenv("TEAMS_OPS", f"{http.url}/teams/ops")
    monkeypatch.setenv("WEBHOOK_URL", f"{http.url}/hook")
    monkeypatch.setenv("RECEIVER_URL", f"{http.url}/alerts")
    monkeypatch.setenv("WEBHOOK_SECRET", "a key of at least 24 bytes")
    http.answers(202)


def receipts() -> list[tuple[str, str, str]]:
    return [(one.channel, one.state, one.receipt) for one in Delivery.objects.order_by("id")]


def test_a_row_that_says_teams_is_sent_to_teams(tell: Tell, http: Any) -> None:
    tell(Condition.CRITICAL)

    (asked,) = http.asked
    assert asked.path == "/teams/all"
    card = json.dumps(json.loads(asked.body), ensure_ascii=False)
    assert "DB CPU使用率 92%" in card
    assert "(運用責任者)" in card
    assert receipts() == [("all", "delivered", "202")]


def test_a_row_that_names_a_teams_channel_is_sent_to_that_channel(tell: Tell, http: Any) -> None:
    tell(Condition.WARNING)

    assert "/teams/ops" in [asked.path for asked in http.asked]
    assert "/teams/all" not in [asked.path for asked in http.asked]
    assert ("ops", "delivered", "202") in receipts()


def test_a_row_that_says_webhook_sends_trouble_and_recovery_to_the_receiver(tell: Tell, http: Any) -> None:
    tell(Condition.WARNING)
    tell(Condition.OK)

    asked = [asked for asked in http.asked if asked.path == "/hook"]
    trouble, recovery = (json.loads(one.body) for one in asked)
    assert [trouble["type"], recovery["type"]] == ["notice.firing", "notice.recovered"]
    assert trouble["data"]["alert"] == recovery["data"]["alert"]
    assert trouble["data"]["subject"] == "DB CPU使用率"
    assert (trouble["data"]["ended_at"], recovery["data"]["ended_at"]) == (None, "2026-04-01T03:00:00Z")
    keys = list(Delivery.objects.filter(channel="hook").order_by("id").values_list("key", flat=True))
    assert [one.headers["webhook-id"] for one in asked] == keys


def test_a_row_that_names_an_alertmanager_receiver_sends_it_firing_and_resolved(
    tell: Tell, http: Any
) -> None:
    tell(Condition.WARNING)
    tell(Condition.OK)

    firing, resolved = (json.loads(asked.body) for asked in http.asked if asked.path == "/alerts")
    assert [firing["status"], resolved["status"]] == ["firing", "resolved"]
    assert firing["alerts"][0]["fingerprint"] == resolved["alerts"][0]["fingerprint"]
    assert firing["groupKey"] == resolved["groupKey"]
    assert resolved["alerts"][0]["endsAt"] == "2026-04-01T03:00:00Z"
    assert resolved["externalURL"] == "https://toban.shop.example"


def test_toban_init_proposes_a_channel_for_each_word(tmp_path: Path) -> None:
    written = tmp_path / "運用設計書.md"
    written.write_text(DOCUMENT, encoding="utf-8")

    done = CliRunner().invoke(init.command, [str(written)], obj=PARTS)

    assert done.exit_code == 0
    drafted = (tmp_path / "toban.toml").read_text(encoding="utf-8")
    assert '#[channels.teams]\n#kind = "teams"\n#webhook = "env:TEAMS_WEBHOOK_URL"' in drafted
    assert '#[channels.webhook]\n#kind = "webhook"\n#url = "env:WEBHOOK_URL"' in drafted
    # Both kinds answer to Webhook: the simpler one is proposed, whose receiver only checks a signature.
    assert "alertmanager" not in drafted
