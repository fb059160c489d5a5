from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.design.clauses.backup import BackupPolicy, RecoveryObjective
from toban.design.clauses.batch import Batch
from toban.design.clauses.monitoring import Monitor
from toban.design.document_file import MAX_BYTES, UnreadableDocument
from toban.design.markdown import MarkdownTable
from toban.design.reader import Design, load_design, read_design

MONITORS = """# 運用設計書

## 監視

### 監視項目

| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| DB | 接続数 | 0-80 | 90 | 100 | 1分 |
"""

WEBSHOP = Path(__file__).parents[3] / "examples" / "webshop" / "運用設計書.md"


def refusal_of(text: str) -> UnreadableDocument:
    with pytest.raises(UnreadableDocument) as caught:
        read_design(text, "手引き.md")
    return caught.value


def test_a_clause_cites_its_row_and_keeps_its_words() -> None:
    design = read_design(MONITORS, "手引き.md")

    (web, _) = design.of(Monitor)

    assert (web.id, str(web.origin)) == ("monitoring/monitor/Web/CPU使用率", "手引き.md:9")
    assert web.text == "Web | CPU使用率 | 0-60% | 70% | 85% | 1分"
    assert (design.rows, design.read, design.unread) == (2, 2, ())


def test_an_id_stays_the_same_when_rows_move_and_other_cells_change() -> None:
    moved = MONITORS.replace(
        "\n| DB |", "\n| DB2 | メモリ使用率 | 0-60% | 70% | 85% | 1分 |\n| DB |"
    ).replace("## 監視", "前置き\n\n## 3. 監視")
    changed = moved.replace("85%", "95%").replace("ＣＰＵ", "CPU")

    before, after = (read_design(text, "x.md").of(Monitor) for text in (MONITORS, changed))

    assert {clause.id for clause in before} < {clause.id for clause in after}


def test_width_and_spaces_of_key_cells_do_not_matter() -> None:
    wide = MONITORS.replace("CPU使用率", "ＣＰＵ使用率")

    assert read_design(wide, "x.md").clauses[0].id == read_design(MONITORS, "x.md").clauses[0].id


def test_rows_with_the_same_key_get_numbered_ids() -> None:
    row = "| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |\n"
    design = read_design(MONITORS.replace(row, row * 3), "x.md")

    assert [clause.id.removeprefix("monitoring/monitor/") for clause in design.clauses] == [
        "Web/CPU使用率",
        "Web/CPU使用率~2",
        "Web/CPU使用率~3",
        "DB/接続数",
    ]


def test_an_unreadable_key_cell_is_named_with_what_was_expected() -> None:
    design = read_design(MONITORS.replace("| 70% |", "| 適宜 |"), "x.md")

    assert [(row.line, str(row.reason)) for row in design.unread] == [
        (9, "警告「適宜」はしきい値として読めません")
    ]
    assert (design.rows, design.read) == (2, 1)


def test_an_undecided_value_is_reported_as_undecided() -> None:
    design = read_design(MONITORS.replace("| 70% |", "| [要確認] |"), "x.md")

    assert str(design.unread[0].reason) == "警告「[要確認]」はまだ決まっていません"


def test_a_row_with_too_many_cells_is_unread_with_a_hint() -> None:
    design = read_design(MONITORS.replace("| 0-60% |", "| 0 | 60% |"), "x.md")

    assert "1個多い" in str(design.unread[0].reason)


def test_table_of_an_unknown_kind_is_unread_row_by_row() -> None:
    design = read_design(MONITORS + "\n### 席替え\n\n| 席 | 人 |\n|---|---|\n| 窓際 | 佐藤 |\n", "x.md")

    assert [row.text for row in design.unread] == ["窓際 | 佐藤"]


def test_table_without_rows_is_unread_in_a_document_that_has_others() -> None:
    design = read_design(
        MONITORS + "\n## バックアップ\n\n| 対象 | 頻度 | 保持期間 |\n|---|---|---|\n", "x.md"
    )

    assert [(row.line, str(row.reason)) for row in design.unread] == [(14, "行のない表です")]


def test_broken_table_is_unread_and_not_taken_for_text() -> None:
    design = read_design(MONITORS + "\n| 対象 | 頻度 |\n|---|\n| DB | 日次 |\n", "x.md")

    assert "区切りの行" in str(design.unread[0].reason)


def test_html_table_is_unread() -> None:
    design = read_design(MONITORS + "\n<table><tr><td>DB</td></tr></table>\n", "x.md")

    assert str(design.unread[0].reason).startswith("HTML の表")


@pytest.mark.parametrize(
    "heading", ["改訂履歴", "変更履歴", "用語集", "目次", "関連ドキュメント", "Revision History", "承認欄"]
)
def test_a_section_without_rules_is_set_aside_and_not_read(heading: str) -> None:
    table = "| 日付 | 作業内容 | 担当 |\n|---|---|---|\n| 毎月1日 | 初版作成 | 佐藤 |\n"
    design = read_design(f"{MONITORS}\n## {heading}\n\n{table}", "x.md")

    assert (design.read, len(design.unread), len(design.aside)) == (2, 0, 1)


def test_a_revision_history_is_recognised_by_its_columns_too() -> None:
    design = read_design(
        f"{MONITORS}\n| 版数 | 日付 | 変更内容 |\n|---|---|---|\n| 1.0 | 毎月1日 | 初版 |\n", "x.md"
    )

    assert [str(row.reason) for row in design.aside] == ["改訂の履歴です"]


def test_a_plain_sentence_is_not_a_row_but_a_rule_is() -> None:
    design = read_design(MONITORS + "\n## 方針\n\n- 仲良くする\n- 朝礼は毎日 9:00\n", "x.md")

    assert [row.text for row in design.aside] == ["仲良くする"]
    assert [row.text for row in design.unread] == ["朝礼は毎日 9:00"]


def test_list_entries_about_one_thing_become_one_clause() -> None:
    text = "## バックアップ\n\n### 会員データベース\n\n- 頻度: 日次\n- 保持期間: 7日\n- 担当: 佐藤\n"
    design = read_design(MONITORS + text, "x.md")

    (policy,) = design.of(BackupPolicy)

    assert (policy.subject, policy.text) == ("会員データベース", "頻度: 日次\n保持期間: 7日")


def test_a_row_with_rpo_and_rto_becomes_two_clauses() -> None:
    text = "## 災害対策\n\n| サービス | RTO | RPO |\n|---|---|---|\n| 会員 | 4時間 | 15分 |\n"
    design = read_design(MONITORS + text, "x.md")

    assert [clause.id for clause in design.of(RecoveryObjective)] == [
        "backup/recovery-objective/RPO/会員",
        "backup/recovery-objective/RTO/会員",
    ]
    assert design.rows == 3


def test_empty_first_cell_continues_the_row_above() -> None:
    design = read_design(MONITORS.replace("| DB | 接続数", "| | 接続数"), "x.md")

    assert [monitor.target for monitor in design.of(Monitor)] == ["Web", "Web"]


def test_frequency_and_clock_in_two_columns_are_one_schedule() -> None:
    header = "| バッチID | バッチ名 | 実行頻度 | 実行時間 |\n|---|---|---|---|\n"

    (batch,) = read_design(f"{MONITORS}\n## バッチ一覧\n\n{header}| B1 | 集計 | 日次 | 3:00 |\n", "x.md").of(
        Batch
    )

    assert batch.schedule.at is not None
    assert batch.schedule.at.hour == 3


def test_a_document_with_windows_line_ends_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "運用設計書.md"
    path.write_bytes(b"\xef\xbb\xbf" + MONITORS.replace("\n", "\r\n").encode())

    design = load_design(path)

    assert [clause.origin.line for clause in design.clauses] == [9, 10]
    assert design.document == str(path)


@pytest.mark.parametrize("text", ["", " \n\t\n", "\ufeff"])
def test_empty_text_is_refused(text: str) -> None:
    assert "空です" in str(refusal_of(text))


def test_text_without_table_or_list_is_refused() -> None:
    assert "表も箇条書きもありません" in str(refusal_of("# 運用設計書\n\n監視する。\n"))


def test_document_whose_tables_all_have_no_rows_is_refused() -> None:
    text = "# 運用設計書\n\n## 監視\n\n| 監視項目 | 警告 | 異常 |\n|---|---|---|\n"

    assert "行がありません" in str(refusal_of(text))


MARKETING = """# 通販サイト 運用設計書

## 1. マーケティング戦略

### ペルソナ

| 項目 | 内容 |
|---|---|
| 年代 | 30代 |

### 広告キャンペーン

| 項目 | 目標値 | 頻度 |
|---|---|---|
| 来店数 | 100人 | 日次 |

## 2. 売上目標

| 指標 | 目標値 |
|---|---|
| 月間売上 | 100万円以上 |

## 3. SNS 運用

| 項目 | 監視対象 | 閾値 |
|---|---|---|
| 炎上 | 投稿 | 10件以上 |
"""

INVESTMENT = """# 資産運用設計書

## 運用方針

- 目標: 年率 5%

## ポートフォリオ

| 銘柄 | 上限 | 監視間隔 |
|---|---|---|
| 株式 | 60% | 1日 |

## 損切りルール

| 項目 | 警告 | 異常 |
|---|---|---|
| 株価 | -10% | -20% |

## リバランス

| 作業 | 頻度 | 担当 |
|---|---|---|
| 配分の見直し | 四半期毎 | 本人 |
"""


@pytest.mark.parametrize("text", [MARKETING, INVESTMENT])
def test_same_words_about_another_subject_are_refused(text: str) -> None:
    refusal = refusal_of(text)

    assert "運用設計書ではない" in str(refusal)
    assert refusal.hint


def test_sparse_document_of_bullets_is_read() -> None:
    text = "# 監視の決まり\n\n## アラート条件\n\n- CPU使用率: 80%以上\n- 担当は当番\n"

    assert len(read_design(text, "x.md").of(Monitor)) == 1


def test_missing_file_folder_and_huge_file_are_refused(tmp_path: Path) -> None:
    huge = tmp_path / "huge.md"
    with huge.open("wb") as file:
        file.truncate(MAX_BYTES + 1)

    for path, words in (
        (tmp_path / "nix.md", "ファイルがありません"),
        (tmp_path, "フォルダー"),
        (huge, "大きすぎます"),
    ):
        with pytest.raises(UnreadableDocument, match=words):
            load_design(path)


def test_file_of_exactly_the_largest_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.md"
    path.write_bytes(MONITORS.encode().ljust(MAX_BYTES))

    assert load_design(path).read == 2


@pytest.mark.parametrize(
    ("encoding", "name"), [("cp932", "Shift_JIS"), ("utf-16", "UTF-16"), ("euc_jp", "Shift_JIS|EUC-JP")]
)
def test_other_encoding_is_recognised_and_the_conversion_shown(
    tmp_path: Path, encoding: str, name: str
) -> None:
    path = tmp_path / "sjis.md"
    path.write_bytes(MONITORS.encode(encoding))

    with pytest.raises(UnreadableDocument, match=name) as caught:
        load_design(path)

    assert "iconv" in str(caught.value.hint)


def test_binary_file_is_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "photo.md"
    path.write_bytes(b"# a\n\xff\xd8\xff\xe0\x00\x81")

    with pytest.raises(UnreadableDocument, match=r"photo.md:2: UTF-8"):
        load_design(path)


MARKED = st.lists(
    st.one_of(
        st.text(alphabet="#|-:1. `~<!>\\*[]()\n", max_size=8),
        st.sampled_from(
            [
                "監視",
                "警告",
                "異常",
                "70%",
                "日次",
                "バックアップ",
                "頻度: ",
                "RPO",
                "\n\n## ",
                "\n| a | b |\n|---|---|\n",
            ]
        ),
    ),
    max_size=40,
).map("".join)


@given(st.one_of(st.text(), MARKED))
def test_any_text_is_read_or_refused_and_line_numbers_are_inside_it(text: str) -> None:
    try:
        design = read_design(text, "x.md")
    except UnreadableDocument:
        return
    count = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    lines = [clause.origin.line for clause in design.clauses] + [row.line for row in design.unread]
    assert all(1 <= line <= count for line in lines)


@pytest.fixture(scope="module")
def webshop() -> Design:
    if not WEBSHOP.exists():
        pytest.skip("the example document is not here")
    return load_design(WEBSHOP)


def test_nothing_of_the_example_is_left_unread(webshop: Design) -> None:
    assert webshop.unread == ()
    assert webshop.rows == len(webshop.clauses) == 112


def test_every_table_row_of_the_example_is_a_clause(webshop: Design) -> None:
    tables = [block for block in webshop.blocks if isinstance(block, MarkdownTable)]
    rows = {row.line for table in tables for row in table.rows}

    assert (len(tables), len(rows)) == (21, 76)
    assert rows <= {clause.origin.line for clause in webshop.clauses}


def test_every_kind_of_clause_in_the_example_is_read_the_right_number_of_times(webshop: Design) -> None:
    assert Counter(clause.kind for clause in webshop.clauses) == {
        "objective": 3,
        "duty-role": 3,
        "service-hours": 1,
        "maintenance-window": 1,
        "monitor": 13,
        "notification-rule": 3,
        "tool-choice": 4,
        "log-kind": 4,
        "log-format": 1,
        "log-level": 5,
        "backup-policy": 3,
        "backup-procedure": 1,
        "restore-procedure": 1,
        "recovery-objective": 2,
        "deploy-flow": 1,
        "deploy-rule": 3,
        "release-schedule": 2,
        "rollback-procedure": 1,
        "batch": 4,
        "scheduler": 1,
        "batch-retry": 1,
        "batch-watch": 1,
        "incident-level": 4,
        "incident-flow": 1,
        "failure-pattern": 5,
        "security-routine": 3,
        "access-review": 1,
        "account-removal": 1,
        "mfa-rule": 1,
        "password-policy": 1,
        "audit-review": 2,
        "resource-usage": 2,
        "capacity-review": 2,
        "scaling-rule": 2,
        "routine": 7,
        "budget": 4,
        "cost-measure": 3,
        "managed-document": 4,
        "document-rule": 2,
        "decision": 8,
    }


def test_a_cell_with_very_long_prose_is_unread_without_parsing() -> None:
    design = read_design(MONITORS.replace("| 70% |", f"| {'長い文。' * 2000} |"), "x.md")

    assert "長すぎる行" in str(design.unread[0].reason)


def words_of(text: str) -> list[str]:
    return text.split()


HEADINGS = words_of(
    """
    監視項目 アラート通知 ログ管理 ログレベル バックアップ RPO/RTO デプロイ リリース バッチ一覧
    障害レベル トラブル セキュリティ アクセス管理 キャパシティ スケーリング 定期作業 週次（日曜
    コスト管理 ドキュメント 運用体制 運用目標 設計判断 改訂履歴 その他
    """
)
COLUMNS = words_of(
    """
    対象 監視項目 項目 正常範囲 警告 異常 閾値 重要度 監視間隔 通知先 通知方法 タイミング
    ログ種別 保存期間 出力先 レベル 用途 本番環境 方式 頻度 実行時間 世代管理 RPO RTO 目標値
    環境 承認 種別 バッチID バッチ名 失敗時の対応 定義 対応時間 原因 対処 リソース 上限 現在
    トリガー アクション 作業 担当 内容 曜日 月額予算 アラートしきい値 ドキュメント 更新頻度 役割
    連絡先 内容 値
    """
)
CELLS = words_of(
    """
    70% 0-60% 80%以上が5分継続 連続3回 日次 1日 03:00 月末23:00 第1月曜 90日 永続 30世代
    ¥500,000 Critical 警告 P2（重大） Slack、メール [氏名] 24時間365日 - ○ × RPO 即時対応
    3回まで 〃 要確認 <70% 🟢 正常 DEBUG 翌営業日 0 (OFFLINE) ～70% 随時 4月 月 DB
    """
)

SECTIONS = st.builds(
    lambda heading, header, rows: "\n".join(
        [f"## {heading}", "", f"| {' | '.join(header)} |", f"|{'-|' * len(header)}"]
        + [f"| {' | '.join(row)} |" for row in rows]
        + ["", *(f"- {header[index % len(header)]}: {row[0]}" for index, row in enumerate(rows)), ""]
    ),
    st.sampled_from(HEADINGS),
    st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=6),
    st.lists(st.lists(st.sampled_from(CELLS), min_size=1, max_size=7), max_size=4),
)


@given(st.lists(SECTIONS, min_size=1, max_size=4))
def test_any_table_of_known_words_is_read_or_listed_row_by_row(sections: list[str]) -> None:
    text = "# 運用設計書\n\n" + "\n".join(sections)
    try:
        design = read_design(text, "x.md")
    except UnreadableDocument:
        return

    known = {clause.origin.line for clause in design.clauses}
    known |= {row.line for row in (*design.unread, *design.aside)}
    tables = [block for block in design.blocks if isinstance(block, MarkdownTable)]
    assert {row.line for table in tables for row in table.rows} <= known
    ids = [clause.id for clause in design.clauses]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("text", "language"),
    [("# Operations\n\n- backup: daily 2:00\n", "en"), ("# 運用設計書\n\n- バックアップ: 毎日 2:00\n", "ja")],
)
def test_a_document_with_kana_is_japanese(text: str, language: str) -> None:
    assert read_design(text, "d.md").language == language
