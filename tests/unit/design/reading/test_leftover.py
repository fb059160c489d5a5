"""Nothing of a row is left over: a piece that was not understood makes it unread, and is named."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.design.clauses.incident import IncidentLevel
from toban.design.clauses.routine import Routine
from toban.design.origin import Origin
from toban.design.reader import Design, read_design
from toban.design.reading.leftover import left_over
from toban.design.section import DocumentSection
from toban.design.shapes.shape import Cells, ClausePlace, TableShape
from toban.design.values.hours import read_hours
from toban.design.values.people import Role
from toban.design.values.remark import is_remark, limits, rest_of, without_remark
from toban.design.values.schedule import Cadence, Schedule
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


@pytest.mark.parametrize(
    ("heading", "columns", "row", "column", "words"),
    [
        (
            "Severity levels",
            "Severity|Impact|Contact",
            "P1|no sales|Night shift (PIN 12)",
            "Contact",
            "pin 12",
        ),
        ("監視", "監視項目|閾値|重要度", "CPU使用率|90%以上|重大（夜間は警告）", "重要度", "重大 夜間は警告"),
        ("監視", "監視項目|警告|異常|通知先", "CPU使用率|70%|90%|当番（3回目から）", "通知先", "3回目から"),
        ("連絡体制", "役割|連絡先|対応時間", "当番|a@example.com（2回鳴らす）|24時間", "連絡先", "2回鳴らす"),
        ("アラート通知", "レベル|通知先|通知方法", "警告|当番（再送3回）|メール", "通知先", "再送3回"),
        (
            "キャパシティ",
            "対象|現在|上限|拡張条件",
            "DB|1TB|4TB|空き除く70%の7割",
            "拡張条件",
            "空き除く70%の7割",
        ),
        (
            "パスワード",
            "最小文字数|複雑性|有効期限",
            "8文字|英数字、辞書にない語|90日",
            "複雑性",
            "辞書にない語",
        ),
    ],
)
def test_a_cell_that_is_read_in_part_makes_its_row_unread_and_the_rest_is_named(
    heading: str, columns: str, row: str, column: str, words: str
) -> None:
    design = of(heading, f"|{columns}|", "|" + "-|" * len(columns.split("|")), f"|{row}|")

    assert design.clauses == ()
    (reason,) = [each.reason for each in design.unread]
    assert (reason.code, reason.values.get("column")) == ("design.left-over", column)
    assert reason.values["words"] == words


@pytest.mark.parametrize(
    ("heading", "entry", "words"),
    [
        ("通知", "警告: Slack（当番が不在のとき）", "当番が不在のとき"),
        ("アクセス管理", "パスワードポリシー: 12文字以上、直近5回と別の語", "直近5回と別の語"),
        ("連絡先", "当番: duty@example.com、鳴らすのは3回", "鳴らすのは3回"),
        ("Alert thresholds", "Queue age > 10 minutes (P2, nights)", "p2 nights"),
    ],
)
def test_words_of_an_entry_that_nothing_reads_make_it_unread(heading: str, entry: str, words: str) -> None:
    design = of(heading, f"- {entry}")

    assert design.clauses == ()
    assert [each.reason for each in design.unread] == [Message("design.left-of-entry", words=words)]


@pytest.mark.parametrize(
    "response",
    [
        "翌営業日（呼び出しなし）",
        "30分以内、夜間は2時間以内",
        "15 minutes (P1 only)",
        "1時間以内 (部長承認後)",
    ],
)
def test_a_response_time_with_more_beside_it_is_no_response_time(response: str) -> None:
    table = "|レベル|定義|対応時間|", "|-|-|-|", f"|P2|一部停止|{response}|"

    assert of("障害レベル", *table).clauses == ()


def test_hours_beside_a_response_time_are_said_not_to_be_counted() -> None:
    table = "|レベル|定義|対応時間|", "|-|-|-|", "|P2|一部停止|2時間以内（営業時間）|"
    (level,) = of("障害レベル", *table).clauses

    assert [each.said for each in level.assumptions] == [Message("design.words-not-used", words="営業時間")]


def test_who_answers_beside_the_time_is_told() -> None:
    table = "|レベル|影響|対応|目標復旧時間|", "|-|-|-|-|", "|重大|全停止|園丁による即時対応|4時間|"
    (level,) = of("障害レベル", *table).of(IncidentLevel)

    assert (level.is_immediate, level.recipients) == (True, (Role("園丁"),))


@pytest.mark.parametrize(
    "often",
    ["毎日（障害時のみ）", "週次（本番）", "Daily (after the import)", "月次（最大3回）"],
)
def test_a_schedule_with_a_condition_in_brackets_is_not_read_without_it(often: str) -> None:
    table = "|作業|頻度|担当|", "|-|-|-|", f"|水槽の確認|{often}|飼育|"

    assert of("定期作業", *table).clauses == ()


def test_a_schedule_may_have_a_remark_that_changes_nothing() -> None:
    table = "|作業|頻度|担当|", "|-|-|-|", "|水槽の確認|毎日（タイムゾーン考慮）|飼育|"

    assert len(of("定期作業", *table).clauses) == 1


@pytest.mark.parametrize("column", ["除外条件", "適用範囲", "許容回数"])
def test_a_further_column_of_keys_and_values_is_left_over(column: str) -> None:
    table = f"|項目|目標値|{column}|", "|-|-|-|", "|稼働率|99.9%以上|7月|"
    design = of("可用性", *table)

    assert design.clauses == ()
    assert [each.reason for each in design.unread] == [left(column, "7月")]


def test_a_note_beside_keys_and_values_is_none() -> None:
    table = "|項目|目標値|備考|", "|-|-|-|", "|稼働率|99.9%以上|月次で確認|"

    assert len(of("可用性", *table).clauses) == 1


def test_what_a_builder_has_only_looked_at_must_be_in_what_it_built() -> None:
    place = ClausePlace(Origin("a.md", 1), "", DocumentSection())
    cells = Cells(place, {"name": "灌水", "when": "毎朝、雨の日は除く"}, {"name": "作業", "when": "時期"})
    built = Routine(
        **cells.stamp(Routine, cells["name"]),
        name=cells["name"],
        schedule=Schedule(Cadence.DAILY if "毎朝" in cells["when"] else Cadence.WEEKLY),
        owner="",
        content="",
    )
    shape = TableShape(Routine, lambda _: built, columns={}, needs=(), headings=re.compile("."))

    assert left_over(cells, shape, {}, built).values["column"] == "時期"
    cells.take_words("毎朝", "雨の日は除く")
    assert not left_over(cells, shape, {}, built)


PIECES = st.lists(
    st.sampled_from(["15分以内", "当番", "Slack", "警告", "business hours", "#ops"]), unique=True
)


@given(PIECES, st.data())
def test_what_is_left_is_what_was_not_read(pieces: list[str], data: st.DataObject) -> None:
    text = "、".join(pieces)
    read = data.draw(st.lists(st.sampled_from(pieces), unique=True)) if pieces else []
    rest = rest_of(text, read)

    assert bool(rest) == (set(read) != set(pieces))
    assert all(piece not in rest for piece in read)


@pytest.mark.parametrize("text", ["15分以内に当番へ", "within 15分以内 to the 当番", "当番（15分以内）"])
def test_what_only_joins_the_pieces_is_not_left(text: str) -> None:
    assert rest_of(text, ("15分以内", "当番")) == ""
