"""Heads noted in the bound stores show that the whole ledger was written anew."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pytest_django import Settings
from structlog.testing import capture_logs
from tests.registered import PARTS

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.ledger import Record, append, digest_of, verify
from toban.engine.evidence.models import LedgerEntry, Shipment
from toban.engine.evidence.operation import Anchoring
from toban.engine.evidence.segments import START
from toban.engine.evidence.shipping import LedgerChain, ShippingTerms, ship
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore
from toban.faces.cli.evidence.evidence import command

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DOCUMENT = """# 運用設計書
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| 監査ログ | 重要操作 | S3 | 1年 |
"""
BINDINGS = """
[stores."控え"]
kind = "directory"
path = "elsewhere"
"""


@pytest.fixture
def elsewhere(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a bound store."""
    (tmp_path / "運用設計書.md").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "toban.toml").write_text(BINDINGS, encoding="utf-8")
    monkeypatch.setenv("TOBAN_DESIGN", str(tmp_path / "運用設計書.md"))
    monkeypatch.delenv("TOBAN_BINDINGS", raising=False)
    settings.HOME = tmp_path / "home"
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def edition_at(folder: Path) -> Edition:
    bindings = read_bindings(BINDINGS, folder.parent / "toban.toml", PARTS.schema)
    return Edition(read_design(DOCUMENT, "運用設計書.md"), bindings, PARTS.kinds)


def work(*days: int, folder: Path) -> None:
    """Write an entry on each of *days*, and let a worker anchor the ledger that day."""
    for day in days:
        append(Record(LedgerEntry.Kind.AUDIT, {"day": day}), now=NOON + day * DAY)
        Anchoring().step(edition_at(folder), NOON + day * DAY)


def evidence(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, obj=PARTS)


def heads(folder: Path) -> Sequence[str]:
    return sorted(path.name for path in (folder / "evidence" / "heads").iterdir())


def write_anew() -> None:
    """Change the first entry, and compute every digest after it so that the chain holds."""
    previous = START
    entries = list(LedgerEntry.objects.order_by("sequence"))
    LedgerEntry.objects.all().delete()
    for entry in entries:
        if entry.sequence == 1:
            entry.content = {"day": "never happened"}
        entry.previous = previous
        entry.digest = previous = digest_of(entry)
    LedgerEntry.objects.bulk_create(entries)


def test_every_day_the_head_is_noted_once_in_each_store(elsewhere: Path) -> None:
    work(0, 1, folder=elsewhere)
    again = Anchoring()
    again.step(edition_at(elsewhere), NOON + DAY)
    again.step(edition_at(elsewhere), NOON + DAY)

    first, second = LedgerEntry.objects.order_by("sequence")
    assert heads(elsewhere) == [
        f"20260401T120000Z-1-{first.digest}",
        f"20260402T120000Z-2-{second.digest}",
    ]


def test_the_newest_head_outside_says_how_far_the_ledger_is_proven(elsewhere: Path) -> None:
    work(0, 1, folder=elsewhere)
    append(Record(LedgerEntry.Kind.AUDIT, {}), now=NOON + DAY)

    found = evidence("verify")
    told = json.loads(evidence("verify", "--format", "json").output)

    assert found.exit_code == 0
    assert found.output.splitlines()[2:] == [
        f"● 2 番までは、{elsewhere} の控え (2026-04-02 12:00 UTC) と一致します",
        "? それより後の 1件は、まだ外に控えがありません",
    ]
    assert told["outside"]["proven"]["place"] == str(elsewhere)


def test_a_ledger_that_was_written_anew_as_a_whole_is_caught(elsewhere: Path) -> None:
    work(0, 1, 2, folder=elsewhere)

    write_anew()

    assert verify().broken is None
    found = evidence("verify")
    assert found.exit_code == 1
    assert "■ 証跡の 1 番でつながりが切れています: 控えておいた要約値と一致しません" in found.output
    assert f"控え {elsewhere} 2026-04-01 12:00 UTC 1:" in found.output
    assert "と一致します" not in found.output


def test_a_ledger_that_was_written_anew_is_not_anchored_again(elsewhere: Path) -> None:
    work(0, 1, folder=elsewhere)
    write_anew()

    with capture_logs() as logged:
        work(2, folder=elsewhere)

    assert len(heads(elsewhere)) == 2
    assert [line["reason"]["code"] for line in logged if line["event"] == "evidence_not_anchored"] == [
        "evidence.head-of-another-ledger"
    ]
    assert evidence("verify").exit_code == 1


def test_a_ledger_whose_end_was_cut_off_is_caught(elsewhere: Path) -> None:
    work(0, 1, folder=elsewhere)
    LedgerEntry.objects.filter(sequence=2).delete()

    found = evidence("verify")

    assert found.exit_code == 1
    assert "控えでは 2 番までありました" in found.output


def test_a_rewritten_ledger_is_caught_by_shipped_segments_though_toban_forgot_them(elsewhere: Path) -> None:
    (elsewhere.parent / "toban.toml").write_text(f'{BINDINGS}[evidence]\nstore = "控え"\n', encoding="utf-8")
    append(*(Record(LedgerEntry.Kind.AUDIT, {"day": day}) for day in range(3)), now=NOON)
    store = DirectoryStore(DirectoryConfig(path=elsewhere))
    assert ship(LedgerChain(), store, ShippingTerms(366 * DAY, "GOVERNANCE"), NOON) == 1
    assert f"● 3 番までは、{elsewhere} の控え" in evidence("verify").output

    write_anew()
    Shipment.objects.all().delete()

    assert verify().broken is None
    found = evidence("verify")
    assert found.exit_code == 1
    assert "控えておいた要約値と一致しません" in found.output


def test_a_changed_segment_proves_nothing(elsewhere: Path) -> None:
    (elsewhere.parent / "toban.toml").write_text(f'{BINDINGS}[evidence]\nstore = "控え"\n', encoding="utf-8")
    append(*(Record(LedgerEntry.Kind.AUDIT, {"day": day}) for day in range(3)), now=NOON)
    store = DirectoryStore(DirectoryConfig(path=elsewhere))
    ship(LedgerChain(), store, ShippingTerms(366 * DAY, "GOVERNANCE"), NOON)
    segment = elsewhere / "evidence" / "ledger" / "00000001.ndjson"
    segment.write_bytes(segment.read_bytes().replace(b'"day":1', b'"day":7'))

    found = evidence("verify")

    assert found.exit_code == 1
    assert "■ evidence/ledger/00000001.ndjson:3: 行の内容が要約値と一致しません" in found.output
    assert "と一致します" not in found.output


def test_a_place_that_cannot_be_read_is_named_and_proves_nothing(elsewhere: Path) -> None:
    work(0, folder=elsewhere)
    elsewhere.rename(elsewhere.with_name("unmounted"))

    found = evidence("verify")

    assert found.exit_code == 0
    assert "? 控え を読めません" in found.output
    assert "? 外の控えを読めなかったため" in found.output


def test_a_place_that_fails_is_tried_again_and_does_not_hold_up_the_worker(elsewhere: Path) -> None:
    append(Record(LedgerEntry.Kind.AUDIT, {}), now=NOON)
    anchoring, edition = Anchoring(), edition_at(elsewhere)
    elsewhere.rmdir()
    anchoring.step(edition, NOON)
    elsewhere.mkdir()

    anchoring.step(edition, NOON + timedelta(minutes=10))

    assert len(heads(elsewhere)) == 1
