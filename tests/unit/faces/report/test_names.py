"""The edition of the monthly report without names, wherever one stands."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from toban.engine.reports.formula import CountOf
from toban.engine.reports.month import ReportMonth
from toban.engine.reports.monthly import MonthlyReport
from toban.engine.reports.section import (
    CitedRow,
    RawColumn,
    RawTable,
    ReportChart,
    ReportFigure,
    ReportPart,
    ReportSection,
)
from toban.faces.report.markdown import markdown
from toban.faces.report.names import mask_of, without_names
from toban.faces.report.written import written
from toban.faces.values.reports import report_values
from toban.message import plain

NAMES = ("tanaka", "tanaka@example.com", "田中 花子", "Taro Tanaka", "met")
mask = mask_of(NAMES, "***")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tanakaさんが対応", "***さんが対応"),
        ("担当tanaka", "担当***"),
        ("tanaka-san, ops.tanaka, tanaka_old", "***-san, ops.***, ***_old"),
        ("mail:tanaka@example.com", "mail:***"),
        ("tanaka@intra", "***@intra"),
        ("田中花子、田中\u3000花子、田中 花子", "***、***、***"),
        ("taro  tanaka", "***"),
        ("tanakabashi 田中 川", "tanakabashi 田中 川"),
    ],
)
def test_a_name_is_left_out_right_beside_other_letters(text: str, told: str) -> None:
    assert mask(text) == told


def report() -> MonthlyReport:
    words = {"met": plain("適合"), "late": plain("遅れ")}
    columns = (
        RawColumn("day", plain("日")),
        RawColumn("state", plain("状態"), words),
        RawColumn("amount", plain("量")),
        RawColumn("by", plain("依頼者"), is_personal=True),
    )
    rows = (("2026-10-01", "met", 1, "tanaka"), ("2026-10-02", "late", 2, "tanaka"))
    table = RawTable("runs", plain("tanakaの実行"), columns, rows)
    figure = ReportFigure(
        key="met",
        label=plain("tanaka機の成功"),
        table=table,
        formula=CountOf("state", "met"),
        clause=CitedRow("batch/job/tanaka", "/srv/tanaka/設計書.md:3"),
        target=plain("tanakaの基準"),
        note=plain("tanakaが除いた分"),
        read=lambda number: plain(f"{number:.0f}件 (tanaka)"),
    )
    chart = ReportChart(plain("tanakaの推移"), table, "day", "amount", "件", None)
    section = ReportSection(ReportPart.BATCHES, (figure,), (table,), (chart,), (plain("tanakaの休暇"),))
    month = ReportMonth(date(2026, 10, 1), ZoneInfo("Asia/Tokyo"), datetime(2026, 11, 2, tzinfo=UTC))
    return MonthlyReport(
        system="tanaka商店",
        document="/srv/tanaka/設計書.md",
        digest="0" * 64,
        month=month,
        known=None,
        sections=(section,),
        entries={},
        notes=(plain("tanakaの分は含まない"),),
    )


def test_no_part_of_the_report_keeps_a_name() -> None:
    inside, outside = report(), without_names(report(), mask)

    for said in (markdown(written(outside, "ja")), str(report_values(outside)), str(written(outside, "ja"))):
        assert "tanaka" not in said
    assert "tanaka機の成功" in markdown(written(inside, "ja"))
    assert "***機の成功" in markdown(written(outside, "ja")).replace("\\", "")


def test_an_account_that_is_called_like_a_code_changes_no_figure() -> None:
    (figure,) = without_names(report(), mask).sections[0].figures

    assert figure.number == 1
    assert figure.value == plain("1件 (***)")
    assert replace(figure, read=None).value == plain("1")
