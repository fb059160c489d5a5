"""Heads sent to a real mailbox show that the ledger was written anew; a failure raises an alert."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pytest_django import Settings
from tests.integration.engine.notify.channels.conftest import Mailbox, SmtpReceiver
from tests.integration.faces.cli.evidence.test_anchors import write_anew
from tests.registered import PARTS

from toban.design.reader import read_design
from toban.engine.bindings.load import UnreadableBindings, read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.ledger import LedgerHead, Record, append, head
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.operation import Anchoring
from toban.engine.notify.models import Alert
from toban.faces.cli.evidence.evidence import command

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SOON = timedelta(minutes=10)
DOCUMENT = """# 運用設計書
## 2. 監視
### 通知設計
| レベル | 通知先 | 通知方法 |
|---|---|---|
| 異常 | 開発チーム | メール |
| 警告 | 開発チーム | メール |
"""
BINDINGS = """
[system]
name = "Webショップ"
[people."監査人"]
email = "auditor@shop.example"
[channels."監査メール"]
kind = "email"
host = "127.0.0.1"
port = {port}
sender = "toban@shop.example"
security = "none"
[evidence]
channel = "監査メール"
to = "{to}"
"""


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def port(mailbox: Mailbox) -> Iterator[int]:
    server = SmtpReceiver(mailbox, starttls=None, tls=None)
    yield server.port
    server.close()


def edition(port: int, to: str = "監査人") -> Edition:
    bindings = read_bindings(BINDINGS.format(port=port, to=to), Path("toban.toml"), PARTS.schema)
    return Edition(read_design(DOCUMENT, "運用設計書.md"), bindings, PARTS.kinds)


def write(day: int) -> LedgerHead:
    append(Record(LedgerEntry.Kind.AUDIT, {"day": day}), now=NOON + day * DAY)
    found = head()
    assert found is not None
    return found


def lines(mailbox: Mailbox) -> list[str]:
    (_, mail) = mailbox.mails[-1]
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).splitlines()


def verify(known: str, settings: Settings, folder: Path) -> Result:
    settings.HOME = folder
    return CliRunner().invoke(command, ["verify", "--known", known], obj=PARTS)


def test_the_head_is_mailed_once_a_day_and_says_how_to_verify_it(mailbox: Mailbox, port: int) -> None:
    first = write(0)
    Anchoring().step(edition(port), NOON)
    Anchoring().step(edition(port), NOON + SOON)
    assert len(mailbox.mails) == 1
    assert mailbox.mails[0][0] == "auditor@shop.example"
    assert mailbox.mails[0][1]["Subject"] == "証跡の末尾 2026-04-01: Webショップ"
    assert f"末尾: {first}" in lines(mailbox)
    assert f"確かめ方: toban evidence verify --known {first}" in lines(mailbox)

    second = write(1)
    Anchoring().step(edition(port), NOON + DAY)
    assert len(mailbox.mails) == 2
    assert f"末尾: {second}" in lines(mailbox)


def test_a_line_pasted_from_the_mail_shows_that_all_was_written_anew(
    mailbox: Mailbox, port: int, settings: Settings, tmp_path: Path
) -> None:
    write(0)
    write(1)
    Anchoring().step(edition(port), NOON + DAY)
    (pasted,) = [line for line in lines(mailbox) if line.startswith("末尾: ")]

    holds = verify(pasted, settings, tmp_path)
    assert holds.exit_code == 0
    assert "● 2 番までは、--known の末尾と一致します" in holds.output

    write_anew()
    broken = verify(pasted, settings, tmp_path)
    assert broken.exit_code == 1
    assert "控えておいた要約値と一致しません" in broken.output


def test_verify_says_where_to_look_for_the_head_that_was_sent(
    port: int, settings: Settings, tmp_path: Path
) -> None:
    write(0)
    Anchoring().step(edition(port), NOON)
    settings.HOME = tmp_path

    found = CliRunner().invoke(command, ["verify"], obj=PARTS)

    assert "? 2026-04-01 の末尾を 監査メール で送りました" in found.output


@pytest.mark.parametrize("known", ["末尾: なし", f"1:{'a' * 64} 2:{'b' * 64}", f"1:{'a' * 63}"])
def test_a_text_without_exactly_one_head_is_refused(known: str, settings: Settings, tmp_path: Path) -> None:
    assert verify(known, settings, tmp_path).exit_code == 2


def test_a_head_that_cannot_be_sent_raises_an_alert_until_it_is_sent(mailbox: Mailbox, port: int) -> None:
    write(0)
    mailbox.recipient_reply = "550 no such mailbox"
    anchoring = Anchoring()
    anchoring.step(edition(port), NOON)
    anchoring.step(edition(port), NOON + SOON)

    alert = Alert.objects.get()
    assert (alert.key, alert.condition, alert.began_at) == ("toban/head/channels.監査メール", "warning", NOON)
    assert "550" in str(alert.value)

    mailbox.recipient_reply = ""
    anchoring.step(edition(port), NOON + 2 * SOON)

    alert.refresh_from_db()
    assert alert.resolved_at == NOON + 2 * SOON
    assert len(mailbox.mails) == 1


def test_an_alert_ends_when_another_worker_has_noted_the_head(mailbox: Mailbox, port: int) -> None:
    write(0)
    mailbox.recipient_reply = "450 later"
    Anchoring().step(edition(port), NOON)
    mailbox.recipient_reply = ""

    Anchoring().step(edition(port), NOON + SOON)

    assert Alert.objects.get().resolved_at == NOON + SOON


def test_a_channel_without_an_address_raises_an_alert(mailbox: Mailbox, port: int) -> None:
    write(0)

    Anchoring().step(edition(port, to="監察人"), NOON)

    assert "宛先がありません" in str(Alert.objects.get().value)
    assert not mailbox.mails


def test_evidence_that_goes_nowhere_is_refused() -> None:
    with pytest.raises(UnreadableBindings, match="store か channel のどちらかが必要です"):
        read_bindings('[evidence]\nlock = "compliance"\n', Path("toban.toml"), PARTS.schema)
