"""An error stops a document: it is found in what the rows state, never in what was assumed or lost."""

from collections.abc import Callable

import pytest

from toban.design.finding import Finding

type Find = Callable[[str, str], list[Finding]]


def table(heading: str, header: str, *rows: str) -> str:
    ruler = "|".join("---" for _ in header.split("|")[1:-1])
    return "\n".join((heading, "", header, f"|{ruler}|", *rows, "", ""))


def targets(*rows: str, heading: str = "### 運用目標") -> str:
    return table(heading, "| 項目 | 目標値 |", *rows)


def backups(*rows: str) -> str:
    return table("### バックアップ方針", "| 対象 | 方式 | 頻度 | 保存期間 |", *rows)


RPO = targets("| RPO | 1時間 |", heading="### RPO/RTO")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (targets("| 稼働率 | 99.9% |") + targets("| 稼働率 | 99.9%以上 |", heading="### KPI目標"), 0),
        (targets("| 稼働率 | 99.9% |") + targets("| 稼働率 | 99.5%以上 |", heading="## KPI目標"), 1),
        (targets("| RTO | 2時間 |") + targets("| RTO | 120分 |", heading="## RPO/RTO"), 0),
        (targets("| RTO | 2時間 |") + targets("| RTO | 130分 |", heading="## RPO/RTO"), 1),
    ],
)
def test_a_value_in_other_words_is_no_contradiction(find: Find, text: str, count: int) -> None:
    assert len(find("XX004", text)) == count


def test_measures_below_parallel_headings_are_those_of_two_things(find: Find) -> None:
    text = "## 復旧の目標\n\n" + "".join(
        targets(f"| RPO | {limit} |", heading=f"### {name}")
        for name, limit in (("貸出", "1時間"), ("統計", "1日"))
    )

    assert find("XX004", text) == []


def test_a_row_repeated_in_another_section_stops_nothing(find: Find) -> None:
    row = "| 館内LAN | 認証サーバーの停止 | 予備に切り替える |"
    header = "| 症状 | 原因 | 対処 |"
    text = table("## 障害パターン", header, row) + table("## よくある障害", header, row)

    assert find("XX004", text) == []


def test_of_two_rows_that_are_due_one_may_only_be_assumed(find: Find) -> None:
    header = "| 作業項目 | 実施時期 | 担当者 |"
    text = table("## 定期作業", header, "| DBの索引の再構築 | 毎日深夜 | 基盤係 |") + table(
        "## 作業の詳細", header, "| DBの索引の再構築 | 毎日 3:30 | 基盤係 |"
    )

    assert find("XX004", text) == []


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        (["| 会員DB | フル | 毎日 1:00 | 7日 |", "| 会員DB全体 | フル | 毎週日曜 | 4週間 |"], 1),
        (["| 会員DB | フル | 毎日 1:00 | 7日 |", "| WALアーカイブ | archive_command | 随時 | 7日 |"], 0),
        (["| 会員DB | 増分 | 30分毎 | 7日 |", "| MySQLログ | 圧縮 | 週次 | 90日 |"], 0),
        (["| 会員DB | 増分 | 30分毎 | 7日 |", "| 会員DB全体 | フル | 毎週日曜 | 4週間 |"], 0),
    ],
)
def test_an_rpo_of_the_whole_is_kept_by_the_most_frequent_backup(
    find: Find, rows: list[str], count: int
) -> None:
    found = find("BK004", "## バックアップ\n\n" + RPO + backups(*rows))

    assert [finding.quote.startswith("会員DB | フル") for finding in found] == [True] * count


def test_a_tool_in_any_block_makes_and_restores_increments(find: Find) -> None:
    policy = backups("| PostgreSQL | 増分 | 1時間毎 | 7日 |")
    dump = "### バックアップ手順\n\n```bash\npg_dump loans > loans.sql\n```\n\n"
    restore = "### リストア手順\n\n```bash\npsql loans < loans.sql\n```\n\n"
    tool = "### 補足\n\n```ini\nrepo1-path=/srv/pgbackrest\n```\n"
    text = "## バックアップ\n\n" + policy + dump + restore

    assert len(find("BK001", text)) == len(find("BK002", text)) == 1
    assert find("BK001", text + tool) == find("BK002", text + tool) == []


@pytest.mark.parametrize(
    ("name", "window", "count"),
    [
        ("稼働率", "毎週日曜 1:00-5:00", 1),
        ("営業時間内の稼働率", "毎週日曜 1:00-5:00", 0),
        ("稼働率", "毎週日曜 1:00-5:00（無停止）", 0),
    ],
)
def test_maintenance_counts_only_against_the_hours_that_are_counted(
    find: Find, name: str, window: str, count: int
) -> None:
    hours = f"### サービス提供時間\n\n- 稼働時間: 24時間365日\n- メンテナンス: {window}\n\n"

    assert len(find("OB001", hours + targets(f"| {name} | 99.9%以上 |"))) == count


@pytest.mark.parametrize(
    ("decision", "count"),
    [
        ("監視間隔: 障害を3分以内に検知するため", 1),
        ("一次対応: 障害の検知後3分以内に当番が確認する", 0),
        ("first response: within 3 minutes after detection", 0),
    ],
)
def test_what_follows_a_detection_promises_none(find: Find, decision: str, count: int) -> None:
    monitors = table("## 監視項目", "| 対象 | 監視項目 | 異常 | 監視間隔 |", "| API | エラー率 | 5% | 10分 |")

    assert len(find("MN004", f"{monitors}## 設計判断\n\n- {decision}\n")) == count


@pytest.mark.parametrize(
    ("retries", "count"),
    [
        ("### リトライ\n\n- リトライ: 3回\n", 1),
        ("### 貸出締め\n\n- リトライ: 3回\n", 0),
    ],
)
def test_the_retries_of_one_batch_are_not_those_of_all(find: Find, retries: str, count: int) -> None:
    header = "| バッチ名 | 実行タイミング | 失敗時の対応 |"
    rows = ("| 貸出締め | 毎日 1:00 | 再実行 |", "| 督促 | 毎日 2:00 | 翌日再実行 |")

    assert len(find("BT001", "## バッチ処理\n\n" + table("### バッチ一覧", header, *rows) + retries)) == count


@pytest.mark.parametrize(("content", "count"), [("DEBUG以上", 1), ("DEBUGを除く全レベル", 0)])
def test_a_level_named_as_left_out_is_not_kept(find: Find, content: str, count: int) -> None:
    levels = table("### ログレベル", "| レベル | 用途 | 本番環境 |", "| DEBUG | 調査 | 出力しない |")
    kinds = table("### ログ種別", "| ログ種別 | 内容 | 保存期間 |", f"| 検索ログ | {content} | 30日 |")

    assert len(find("LG001", "## ログ管理\n\n" + levels + kinds)) == count


@pytest.mark.parametrize(("item", "count"), [("通信", 1), ("小計", 0)])
def test_a_subtotal_is_not_added_to_its_parts(find: Find, item: str, count: int) -> None:
    rows = ("| サーバー | 60,000円 | 80% |", f"| {item} | 60,000円 | 80% |", "| 合計 | 100,000円 | 80% |")

    assert len(find("CO002", table("## コスト管理", "| 項目 | 月額予算 | アラート |", *rows))) == count
