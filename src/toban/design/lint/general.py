"""Rules for every chapter, or between several: collisions, blanks, assumptions, leftovers."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import timedelta

from toban.design.calendar import Period, periods_on
from toban.design.clauses.backup import BackupPolicy, RecoveryObjective
from toban.design.clauses.base import Clause
from toban.design.clauses.batch import Batch
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.objectives import MaintenanceWindow, Objective
from toban.design.finding import FindingLevel
from toban.design.lint.measures import comparable, is_ceiling, length
from toban.design.lint.rule import Inspection, Remark, rule
from toban.design.lint.wording import cite, cite_lines, dates
from toban.design.markdown import MarkdownTable
from toban.design.origin import Origin
from toban.design.values.duration import Duration
from toban.design.values.people import is_placeholder
from toban.design.values.quantity import Quantity
from toban.design.values.rotation import Rotation
from toban.design.values.schedule import Schedule
from toban.design.values.threshold import Threshold
from toban.message import Message, listing

_IS_MAINTENANCE = re.compile(r"(?i)メンテ|maintenance|vacuum|再構築|再起動|reindex|restart")
_REPEATED = re.compile(r"~\d+$")
_CELLS = re.compile(r" \| |：|: ")
# "Not applicable" and HTTP status classes are not blanks.
_NO_BLANK = re.compile(r"(?i)n/?a|[1-5]xx")
# A bracketed word next to other words is the author's remark (情報システム部 [第2係]).
_BRACKETS = ("[", "<", "{")


@rule("XX001", FindingLevel.WARNING)
def work_inside_maintenance_window(on: Inspection) -> Iterator[Remark]:
    """Scheduled work starts while planned maintenance may have the service down."""
    windows = [(window, period) for window in on.of(MaintenanceWindow) for period in _year_of(on, window)]
    # Many rows share a schedule; compare each schedule with the windows only once.
    known: dict[Schedule, list[tuple[MaintenanceWindow, Period]]] = {}
    works: tuple[BackupPolicy | Batch, ...] = (*on.of(BackupPolicy), *on.of(Batch))
    for work in works:
        if _IS_MAINTENANCE.search(work.text):
            continue
        for schedule in work.schedules if isinstance(work, BackupPolicy) else work.schedule.each:
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
        Message(
            "design.work-inside-maintenance",
            work=name,
            lines=cite(*(window for window, _ in hit)),
            count=len(hit),
            days=days,
        ),
        Message("design.work-inside-maintenance-hint"),
    )


def _year_of(on: Inspection, window: MaintenanceWindow) -> Iterator[Period]:
    for day in on.due_days(window.schedule):
        for period in periods_on(window.schedule, day, on.calendar):
            if period.start < period.end:
                yield period


def _meets(on: Inspection, schedule: Schedule, window: Period) -> bool:
    if schedule.zone:
        # The window is in another zone: the document alone doesn't say when the two overlap.
        return False
    first = window.start.date() - timedelta(days=1)
    days = [first + timedelta(days=offset) for offset in range((window.end.date() - first).days + 1)]
    return any(period.meets(window) for day in days for period in periods_on(schedule, day, on.calendar))


@rule("XX002", FindingLevel.WARNING)
def blank_is_left(on: Inspection) -> Iterator[Remark]:
    """A value that the author meant to fill in is still blank."""
    for clause in on.design.clauses:
        if "\n" in clause.text:
            continue
        blanks = list(_blanks(clause.text))
        if blanks:
            yield Remark.on(
                clause,
                Message(
                    "design.blank-is-left", blanks=[Message("design.quoted", words=each) for each in blanks]
                ),
                Message("design.blank-is-left-hint"),
            )


def _blanks(text: str) -> Iterator[str]:
    for cell in _CELLS.split(text):
        if _is_blank(cell.strip()):
            yield cell.strip()
        else:
            yield from (word for word in cell.split() if _is_blank(word) and not word.startswith(_BRACKETS))


def _is_blank(text: str) -> bool:
    return is_placeholder(text) and not _NO_BLANK.fullmatch(text)


@rule("XX003", FindingLevel.INFO)
def value_is_assumed(on: Inspection) -> Iterator[Remark]:
    """The document leaves something open (深夜 without a clock); say how it was interpreted."""
    for clause in on.design.clauses:
        if clause.assumptions:
            yield Remark.on(
                clause,
                listing([each.said for each in clause.assumptions]),
                Message("design.value-is-assumed-hint"),
            )


@rule("XX004", FindingLevel.ERROR)
def row_stands_twice(on: Inspection) -> Iterator[Remark]:
    """Two rows are about the same thing, with the same or with other values."""
    first: dict[str, Clause] = {}
    for clause in on.design.clauses:
        original = first.setdefault(_REPEATED.sub("", clause.id), clause)
        if original is clause:
            continue
        if original.text == clause.text and _in_one_block(on, original, clause):
            code = "design.row-is-repeated"
        elif _contradict(original, clause) and not _are_parallel(on, original, clause):
            code = "design.row-contradicts-another"
        else:
            continue
        yield Remark.on(clause, Message(code, lines=cite(original)), Message("design.row-stands-twice-hint"))


def _in_one_block(on: Inspection, one: Clause, other: Clause) -> bool:
    """Say whether both stand in one table or list; another section may repeat a row word for word."""
    starts = [block.line for block in on.design.blocks]
    return bisect_right(starts, one.origin.line) == bisect_right(starts, other.origin.line)


def _are_parallel(on: Inspection, one: Clause, other: Clause) -> bool:
    """Say whether both are measures in two sections side by side, whose headings tell them apart.

    RPO below 重要データ and RPO below 通常データ are two; a measure has no name but what is above it.
    """
    if not isinstance(one, Monitor | Objective | RecoveryObjective):
        return False
    sections = [
        grounds.section for each in (one, other) if (grounds := on.design.grounds.get(each.origin.line))
    ]
    if len(sections) != 2:
        return False
    left, right = sections
    if left.headings == right.headings:
        return left.caption != right.caption
    return len(left.headings) == len(right.headings) > 1 and left.headings[:-1] == right.headings[:-1]


def _contradict(one: Clause, other: Clause) -> bool:
    """Say whether two rows differ in a value that both give; an overview may repeat some of them."""
    pairs = ((getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    return any(_differ(left, right) for left, right in pairs if _is_value(left) and _is_value(right))


def _differ(left: object, right: object) -> bool:
    """Say whether two values can't both hold: 99.9% and >= 99.9%, 1時間 and 60分 can."""
    if isinstance(left, Threshold) and isinstance(right, Threshold):
        is_same_way = left.is_bare or right.is_bare or is_ceiling(left) == is_ceiling(right)
        same = replace(left, limit=right.limit, comparison=right.comparison, is_bare=right.is_bare)
        return not is_same_way or same != right or _differ(left.limit, right.limit)
    if isinstance(left, Duration) and isinstance(right, Duration):
        return length(left) != length(right)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        pair = comparable(left, right)
        return left != right if pair is None else pair[0] != pair[1]
    return left != right


def _is_value(field: object) -> bool:
    """Say whether a field holds a value that is stated, rather than mere text, a note or an assumption."""
    if isinstance(field, tuple):
        return any(_is_value(part) for part in field)
    if (isinstance(field, Schedule) and field.assumptions) or (
        isinstance(field, Rotation) and field.is_assumed
    ):
        return False
    return not (field is None or isinstance(field, str | Origin | Message))


@rule("XX005", FindingLevel.WARNING)
def table_has_no_rows(on: Inspection) -> Iterator[Remark]:
    """A table has a header and nothing else."""
    # A glossary or a history may stay empty: the reader lists only tables that contain rules.
    listed = {row.line for row in on.design.unread}
    for block in on.design.blocks:
        if (
            isinstance(block, MarkdownTable)
            and _is_empty(block)
            and listed & {block.line, *(r.line for r in block.rows)}
        ):
            yield Remark(
                Origin(on.design.document, block.line),
                " | ".join(block.header),
                Message("design.table-has-no-rows"),
                Message("design.table-has-no-rows-hint"),
            )


def _is_empty(table: MarkdownTable) -> bool:
    return not any(any(row.cells) for row in table.rows)


@rule("XX006", FindingLevel.INFO)
def rows_stay_unread(on: Inspection) -> Iterator[Remark]:
    """Some rows weren't understood: nothing will be done for them."""
    unread = on.design.unread
    if unread:
        yield Remark(
            Origin(on.design.document, unread[0].line),
            unread[0].text,
            Message(
                "design.rows-stay-unread",
                count=len(unread),
                lines=cite_lines(row.line for row in unread),
            ),
            Message("design.rows-stay-unread-hint"),
        )
