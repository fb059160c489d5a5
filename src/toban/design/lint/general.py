"""Rules that hold for every chapter, or between several: collisions, blanks, assumptions, leftovers."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from toban.design.calendar import Period, periods_on
from toban.design.clauses.backup import BackupPolicy
from toban.design.clauses.batch import Batch
from toban.design.clauses.objectives import MaintenanceWindow
from toban.design.finding import Level
from toban.design.lint.rule import Inspection, Remark, rule
from toban.design.lint.wording import cite, cite_lines, dates
from toban.design.markdown import Table
from toban.design.origin import Origin
from toban.design.values.schedule import Schedule

if TYPE_CHECKING:
    from toban.design.clauses.base import Clause

_IS_MAINTENANCE = re.compile(r"(?i)メンテ|maintenance|vacuum|再構築|再起動|reindex|restart")
_REPEATED = re.compile(r"~\d+$")
# A whole value in brackets, or the marks people leave behind; [ERROR] and [1] are no blanks.
_BLANK = re.compile(
    r"(?i)^\[(?:[^\[\]]*[ぁ-んァ-ヶ一-龥][^\[\]]*|name|phone|e-?mail|date|url|tbd|todo)\]$"
    r"|【[^】]*(?:要|未|記入|入力|名|先)[^】]*】"
    r"|\b(?:TBD|TODO|FIXME)\b|X{3,}|[○〇●]{2,}|_{3,}|^(?:要確認|未定|未記入|調整中|検討中)$"
)


@rule("XX001", Level.WARNING)
def work_inside_maintenance_window(on: Inspection) -> Iterator[Remark]:
    """Scheduled work starts while planned maintenance may have the service down."""
    windows = [(window, period) for window in on.of(MaintenanceWindow) for period in _year_of(on, window)]
    # Many rows share a schedule; each is held against the windows only once.
    known: dict[Schedule, list[tuple[MaintenanceWindow, Period]]] = {}
    works: tuple[BackupPolicy | Batch, ...] = (*on.of(BackupPolicy), *on.of(Batch))
    for work in works:
        if _IS_MAINTENANCE.search(work.text):
            continue
        for schedule in work.schedules if isinstance(work, BackupPolicy) else (work.schedule,):
            if schedule not in known:
                known[schedule] = [
                    (window, period) for window, period in windows if _meets(on, schedule, period)
                ]
            if hit := known[schedule]:
                yield _collision(work, hit)


def _collision(work: BackupPolicy | Batch, hit: list[tuple[MaintenanceWindow, Period]]) -> Remark:
    name = work.name if isinstance(work, Batch) else f"{work.subject} {work.method}"
    days = dates(period.start.date() for _, period in hit)
    return Remark.on(
        work,
        f"「{name}」が計画メンテナンス（{cite(*(window for window, _ in hit))}）の時間に始まります。"
        f"今後1年で{len(hit)}回、次は{days}",
        "時刻をずらすか、メンテナンスの日は「終了後に実行」または「行わない」と書いてください",
    )


def _year_of(on: Inspection, window: MaintenanceWindow) -> Iterator[Period]:
    for day in on.due_days(window.schedule):
        for period in periods_on(window.schedule, day, on.is_business_day):
            if period.start < period.end:
                yield period


def _meets(on: Inspection, schedule: Schedule, window: Period) -> bool:
    if schedule.zone:
        # Another zone than the window's: which moments they share isn't said by the document alone.
        return False
    first = window.start.date() - timedelta(days=1)
    days = [first + timedelta(days=offset) for offset in range((window.end.date() - first).days + 1)]
    return any(
        period.meets(window) for day in days for period in periods_on(schedule, day, on.is_business_day)
    )


@rule("XX002", Level.WARNING)
def blank_is_left(on: Inspection) -> Iterator[Remark]:
    """A value that the author meant to fill in is still a blank."""
    for clause in on.design.clauses:
        if "\n" in clause.text:
            continue
        blanks = [cell for cell in clause.text.split(" | ") if _BLANK.search(cell.strip())]
        if blanks:
            yield Remark.on(
                clause,
                f"{'、'.join(f'「{blank.strip()}」' for blank in blanks)}が埋められていません",
                "実際の値を書いてください（人の名前を文書に書きたくないときは、toban.tomlで役割に結び付けられます）",
            )


@rule("XX003", Level.INFO)
def value_is_assumed(on: Inspection) -> Iterator[Remark]:
    """The document leaves something open (深夜 without a clock); it is said how it was taken."""
    for clause in on.design.clauses:
        if clause.assumptions:
            yield Remark.on(
                clause, "、".join(clause.assumptions), "このとおりでなければ、値をはっきり書いてください"
            )


@rule("XX004", Level.WARNING)
def row_stands_twice(on: Inspection) -> Iterator[Remark]:
    """Two rows are about one and the same thing: which of them holds isn't said."""
    first: dict[str, Clause] = {}
    for clause in on.design.clauses:
        key = _REPEATED.sub("", clause.id)
        original = first.setdefault(key, clause)
        if original is clause:
            continue
        again = (
            "と同じ行です"
            if original.text == clause.text
            else "と同じものについての行です。どちらに従うのか決まりません"
        )
        yield Remark.on(clause, f"{cite(original)}{again}", "一つの行にまとめるか、名前で区別してください")


@rule("XX005", Level.WARNING)
def table_has_no_rows(on: Inspection) -> Iterator[Remark]:
    """A table has a header and nothing else."""
    for block in on.design.blocks:
        if isinstance(block, Table) and not any(any(row.cells) for row in block.rows):
            yield Remark(
                Origin(on.design.document, block.line),
                " | ".join(block.header),
                "表に見出しだけがあり、行がありません",
                "行を書くか、表を消してください",
            )


@rule("XX006", Level.INFO)
def rows_stay_unread(on: Inspection) -> Iterator[Remark]:
    """Some rows weren't understood: nothing will be done about them."""
    unread = on.design.unread
    if unread:
        yield Remark(
            Origin(on.design.document, unread[0].line),
            unread[0].text,
            f"{len(unread)}行を読み取れませんでした（{cite_lines(row.line for row in unread)}）。"
            "これらは実行されません",
            "それぞれの理由は「読めなかった行」にあります",
        )
