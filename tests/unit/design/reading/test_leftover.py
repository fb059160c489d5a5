"""Nothing of a row is left over: a piece that was not understood makes it unread, and is named."""

import pytest

from toban.design.reader import Design, read_design
from toban.design.values.hours import read_hours
from toban.design.values.remark import is_remark, limits, without_remark
from toban.design.values.threshold import read_threshold
from toban.message import Message


def of(heading: str, *lines: str) -> Design:
    return read_design("\n".join(("# 運用設計書", "", f"## {heading}", "", *lines)), "運用設計書.md")


def left(column: str, words: str) -> Message:
    return Message("design.left-over", column=column, words=words)


@pytest.mark.parametrize(
    ("heading", "columns", "row", "column", "words"),
    [
        ("監視", "監視項目|警告|異常|評価回路", "CPU使用率|70%|90%|3", "評価回路", "3"),
        ("監視", "監視項目|警告|異常|備考", "CPU使用率|70%|90%|平日のみ", "備考", "平日のみ"),
        ("監視", "監視項目|閾値|重要度|継続条件", "CPU使用率|90%以上|重大|夜間", "継続条件", "夜間"),
        ("バックアップ", "対象|頻度|保持期間|暗号化", "DB|日次|7日|あり", "暗号化", "あり"),
        ("目標", "指標|目標値|備考", "稼働率|99.9%以上|計画停止を除く", "備考", "計画停止を除く"),
        (
            "Backup",
            "Target|Frequency|Retention|Notes",
            "DB|Daily|7 days|except in May",
            "Notes",
            "except in May",
        ),
    ],
)
def test_a_column_that_nothing_reads_makes_its_row_unread_and_is_named(
    heading: str, columns: str, row: str, column: str, words: str
) -> None:
    design = of(heading, f"|{columns}|", "|" + "-|" * len(columns.split("|")), f"|{row}|")

    assert design.clauses == ()
    assert [each.reason for each in design.unread] == [left(column, words)]


@pytest.mark.parametrize("column", ["備考", "No.", "目的", "監視ID", "Description", "担当"])
def test_a_column_that_changes_nothing_is_no_reason(column: str) -> None:
    row = f"|監視項目|警告|異常|{column}|", "|-|-|-|-|", "|CPU使用率|70%|90%|概ね良好|"

    assert of("監視", *row).unread == ()


@pytest.mark.parametrize("blank", ["", "-", "—", "なし"])
def test_an_empty_cell_says_nothing(blank: str) -> None:
    table = "|監視項目|警告|異常|評価回路|", "|-|-|-|-|", f"|CPU使用率|70%|90%|{blank}|"

    assert len(of("監視", *table).clauses) == 1


def test_only_the_row_with_the_piece_is_unread() -> None:
    table = "|監視項目|警告|異常|評価回路|", "|-|-|-|-|", "|CPU使用率|70%|90%|-|", "|メモリ使用率|70%|90%|3|"
    design = of("監視", *table)

    assert [each.line for each in design.unread] == [8]
    assert len(design.clauses) == 1


def test_a_declared_row_with_a_left_over_column_is_its_owners_to_answer_for() -> None:
    table = "|監視項目|警告|異常|評価回路|", "|-|-|-|-|", "|CPU使用率|70%|90%|3|"
    design = of("監視", "<!-- toban: 監視 項目=監視項目 警告=警告 危険=異常 なし=評価回路 -->", *table)

    assert design.unread == ()
    assert len(design.clauses) == 1


@pytest.mark.parametrize(
    "text",
    [
        "計画停止を除く",
        "平日のみ",
        "except holidays",
        "excluded from the denominator",
        "業務時間内に限る",
        "ただし夜間",
    ],
)
def test_words_that_take_something_out_are_no_remark(text: str) -> None:
    assert limits(text)
    assert not is_remark(text)


@pytest.mark.parametrize(
    "text", ["5分", "p95", "平均", "本番", "Critical", "営業時間", "要確認", "during drills"]
)
def test_a_time_a_figure_a_level_or_a_place_is_no_remark(text: str) -> None:
    assert not is_remark(text)
    assert without_remark(f"80% ({text})") == f"80% ({text})"


@pytest.mark.parametrize(
    "text", ["推奨値", "zero tolerance", "アクセスログ", "at night too", "夜間も", "他処理への影響最小化"]
)
def test_what_changes_nothing_is_a_remark(text: str) -> None:
    assert without_remark(f"80% ({text})") == "80%"


def test_a_condition_in_brackets_is_not_dropped_from_a_value() -> None:
    assert read_threshold("≥ 99.9% (license-gated states excluded)") is None
    assert read_hours("24時間365日（計画メンテナンスを除く）") is None
    assert read_hours("24時間365日（有人）") is not None


def test_an_rto_that_is_not_read_is_not_dropped_from_its_row() -> None:
    table = "|対象|頻度|保持期間|RPO|RTO|", "|-|-|-|-|-|", "|DB|日次|7日|24時間|30分〜1時間|"
    design = of("バックアップ", *table)

    assert design.clauses == ()
    assert len(design.unread) == 1


def test_a_sum_without_its_period_says_so() -> None:
    table = "|監視項目|閾値|評価期間|統計|", "|-|-|-|-|", "|エラー数|5件以上|2回連続|合計|"
    (row,) = of("監視", *table).unread

    assert row.reason == Message("design.sum-without-period", column="評価期間")
