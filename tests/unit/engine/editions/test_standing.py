"""The status of each clause when a document comes into force."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.registered import schema

from toban.design.clauses.monitoring import Monitor
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.editions.standing import standing
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.operation import Declared
from toban.message import NOTHING, plain

NOW = datetime(2026, 4, 1, 9, 30, tzinfo=ZoneInfo("Asia/Tokyo"))
DESIGN = read_design(
    """\
# 運用設計書

## 1. 運用方針

### 運用体制
| 役割 | 担当 | 対応時間 |
|------|------|---------|
| 運用責任者 | [氏名] | 平日9:00-18:00 |
| 開発担当者 | [氏名] | 平日9:00-18:00 |

### サービス提供時間
- **メンテナンス**: 毎月第2日曜日 2:00-4:00 (計画メンテナンス)

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|------|---------|---------|------|------|---------|
| Webサーバー | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| DB | 接続数 | 0-80 | 90 | 100 | 1分 |

## 10. 定期作業

### 日次作業
| 作業項目 | 実施時間 | 担当者 | 内容 |
|---------|---------|-------|------|
| ログ確認 | 9:00 | 開発担当者 | 前日の通知を見る |
""",
    "運用設計書.md",
)
BINDINGS = '[people."運用責任者"]\nname = "上原 なみ"\n'
DB = next(monitor.id for monitor in DESIGN.of(Monitor) if monitor.target == "DB")
WEB = next(monitor.id for monitor in DESIGN.of(Monitor) if monitor.target == "Webサーバー")


def stands() -> dict[str, StatusUpdate]:
    bindings = read_bindings(BINDINGS, Path("toban.toml"), schema())
    updates = standing(Edition(DESIGN, bindings), {DB: plain("つないでください"), WEB: NOTHING}, NOW)
    return {update.clause_id: update for update in updates}


def test_every_clause_has_a_status_except_those_handled_by_their_chapter() -> None:
    assert set(stands()) == {clause.id for clause in DESIGN.clauses} - {WEB}


def test_nothing_that_does_not_run_is_green() -> None:
    green = {clause_id for clause_id, update in stands().items() if update.verdict is Verdict.CONFORMING}

    assert green == set()


def test_a_monitor_that_does_not_run_says_why() -> None:
    update = stands()[DB]

    assert (update.verdict, update.reason) == (Verdict.UNBOUND, plain("つないでください"))


def test_a_clause_that_nothing_acts_on_is_declared_only_and_says_when_it_is_due() -> None:
    routine = stands()["routine/routine/ログ確認"]

    assert routine.verdict is Verdict.DECLARED
    assert "「定期作業」の行について、まだ実行も測定もしません" in str(routine.reason)
    assert routine.next_due == datetime(2026, 4, 2, 9, 0, tzinfo=ZoneInfo("Asia/Tokyo"))


def test_a_clause_that_no_binding_could_make_run_is_not_called_unbound() -> None:
    bindings = read_bindings(BINDINGS, Path("toban.toml"), schema())

    updates = standing(Edition(DESIGN, bindings), {DB: Declared(plain("測るものがありません"))}, NOW)

    found = {update.clause_id: (update.verdict, update.reason) for update in updates}
    assert found[DB] == (Verdict.DECLARED, plain("測るものがありません"))


def test_a_clause_handled_by_a_chapter_is_left_to_it() -> None:
    bindings = read_bindings(BINDINGS, Path("toban.toml"), schema())

    updates = standing(Edition(DESIGN, bindings), {"routine/routine/ログ確認": NOTHING}, NOW)

    assert "routine/routine/ログ確認" not in {update.clause_id for update in updates}
