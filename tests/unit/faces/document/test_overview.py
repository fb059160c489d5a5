"""The first screen, combined from the parts of any extensions."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.registered import schema

from toban.design.chapter import Chapter
from toban.design.clauses.routine import Routine
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import Verdict
from toban.engine.extension import Link
from toban.engine.operation import Operation, Rows
from toban.engine.overview import FigureTrend, OverviewFigure, ToDo
from toban.engine.runs.work import Work
from toban.engine.tasks.works import task_of
from toban.faces.document.live import live_rows
from toban.faces.document.outline import outline
from toban.faces.document.overview import Overview, seen_of
from toban.message import NOTHING, plain

DOCUMENT = """# 運用設計書
## 2. 見張り
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| DB | CPU使用率 | 0-60% | 70% | 85% | 1分 |
## 10. 定期作業
### 日次作業
| 作業項目 | 実施時間 | 担当者 | 内容 |
|---|---|---|---|
| ログ確認 | 9:00 | 開発担当者 | 前日の通知を見る |
| 集計 | 10:00 | 自動 | 売上を足す |
### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---|---|---|---|
| 棚卸 | 毎月5日 | 運用責任者 | 数える |
"""
WEB, DB = "monitoring/monitor/Web/CPU使用率", "monitoring/monitor/DB/CPU使用率"
CHECK = "routine/routine/ログ確認"
NOON = datetime(2026, 4, 1, 3, tzinfo=UTC)
"""Noon in Tokyo, on a Wednesday."""
BOUND = read_bindings('[people."開発担当者"]\naccount = "dev"', Path("toban.toml"), schema())
EDITION = Edition(read_design(DOCUMENT, "運用設計書.md"), read_bindings("", Path("toban.toml"), schema()))


def extension(*to_do: ToDo, figures: Iterable[OverviewFigure] = ()) -> Operation[Rows]:
    return Operation(
        plan=lambda _edition: Rows(),
        figures=lambda _edition, _seen: figures,
        to_do=lambda _edition, _seen: to_do,
    )


def alert(clause_id: str, verdict: Verdict = Verdict.DEVIATING, holder: str = "", hour: int = 11) -> ToDo:
    at = NOON.replace(hour=hour - 9)
    return ToDo(
        plain(clause_id), Link("alert", plain("アラートに対応"), (1,)), at, clause_id, verdict, holder=holder
    )


def shown(verdicts: dict[str, Verdict], *operations: Operation[Rows]) -> Overview:
    statuses = [
        ClauseStatus(
            clause_id=clause_id, verdict=verdict, since=NOON, revision=1, next_due=NOON + timedelta(hours=nth)
        )
        for nth, (clause_id, verdict) in enumerate(verdicts.items())
    ]
    built = outline(EDITION.design)
    rows = live_rows(built.clauses, statuses, NOON, EDITION.bindings.system.zone)
    return Overview(EDITION, built, seen_of(statuses, NOON), rows, operations)


def test_problems_are_listed_worst_first_with_who_acknowledged_them() -> None:
    found = shown(
        {WEB: Verdict.WARNING, DB: Verdict.DEVIATING, CHECK: Verdict.CONFORMING},
        extension(alert(WEB, holder="nami"), alert(DB)),
    )

    assert [(each.name, each.holders) for each in found.troubles] == [
        ("DB CPU使用率", ""),
        ("Web CPU使用率", "nami"),
    ]


def test_a_row_with_one_unacknowledged_alert_counts_as_unacknowledged() -> None:
    found = shown({WEB: Verdict.DEVIATING}, extension(alert(WEB, holder="nami"), alert(WEB)))

    assert [each.holders for each in found.troubles] == [""]


def test_unacknowledged_alerts_come_first_then_the_worst_then_the_earliest() -> None:
    asked = extension(
        alert("taken", holder="nami"),
        alert("late", hour=11),
        alert("early", hour=10),
        alert("warning", Verdict.WARNING, hour=9),
    )

    assert [each.subject for each in shown({}, asked).chores] == [
        "early",
        "late",
        "warning",
        "ログ確認",
        "taken",
    ]


def test_rows_of_the_document_that_are_due_today_and_name_a_person_are_to_do() -> None:
    (found,) = shown({}).chores

    assert (found.subject, found.act, found.at) == ("ログ確認", "実施", "09:00")
    assert found.item.assignee == "開発担当者"
    assert found.item.clause_id == CHECK


def test_a_task_is_left_to_what_asks_for_it_even_while_nothing_is_known_about_its_row() -> None:
    row = next(each for each in EDITION.design.of(Routine) if each.id == CHECK)
    task = task_of(row, row.schedule, EDITION.design, BOUND)
    assert isinstance(task, Work)
    asked = Operation(plan=lambda _edition: Rows(), works=lambda _plan: {CHECK: task})

    assert shown({}, asked).chores == []


def test_a_row_that_an_extension_runs_is_left_to_the_extension() -> None:
    for untouched in (Verdict.UNBOUND, Verdict.DECLARED):
        assert [each.subject for each in shown({CHECK: untouched}).chores] == ["ログ確認"]
    assert shown({CHECK: Verdict.NOT_PERFORMED}).chores == []


def test_all_thirteen_chapters_are_shown_under_the_documents_headings() -> None:
    lines = shown({WEB: Verdict.WARNING, DB: Verdict.CONFORMING}).chapters

    assert len(lines) == len(Chapter)
    assert [(line.title, line.mark, line.conforming, line.total) for line in lines if line.anchor] == [
        ("2. 見張り", "▲", 1, 2),
        ("10. 定期作業", "?", 0, 3),
    ]
    assert [line.title for line in lines if not line.anchor][:2] == ["運用方針", "ログ管理"]


def test_figures_with_a_verdict_come_before_the_alerts_and_others_after() -> None:
    left = OverviewFigure(
        Link("levels", plain("残り")),
        NOTHING,
        plain("99.9%"),
        Verdict.NOT_MEASURABLE,
        FigureTrend((), NOON, NOON, 0, 1),
    )
    duty = OverviewFigure(Link("duty", plain("当番")), plain("緊急連絡先"), plain("山田"))

    found = shown({WEB: Verdict.DEVIATING, DB: Verdict.CONFORMING}, extension(figures=[duty, left]))

    assert [(str(each.label), str(each.value)) for each in found.figures] == [
        ("適合", "1 / 5"),
        ("残り", "? 測定不能"),
        ("発生中", "■ 1"),
        ("当番", "緊急連絡先"),
        ("次の予定", "13:00"),
    ]
    assert [str(each.label) for each in found.drawn] == ["残り"]


def test_upcoming_entries_are_those_due_after_now() -> None:
    found = shown({WEB: Verdict.CONFORMING, DB: Verdict.CONFORMING, CHECK: Verdict.CONFORMING}).coming

    assert [(each.clock, each.name) for each in found] == [("13:00", "DB CPU使用率"), ("14:00", "ログ確認")]


def test_rows_that_are_declared_only_are_told_apart_from_those_that_do_not_conform() -> None:
    conforming = shown({WEB: Verdict.CONFORMING, CHECK: Verdict.DECLARED}).figures[0]

    assert (str(conforming.value), str(conforming.detail)) == ("1 / 5", "行 (宣言のみ 1)")
