"""Backups as chains, and what can be restored from them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from toban.chapters.backup.models import Backup, LogStretch
from toban.design.clauses.backup import RecoveryObjective
from toban.design.reader import read_design
from toban.engine.evidence.verdict import Verdict
from toban.faces.web.backup.chains import chains_of, objective_of, spans_of, subject, subjects_of
from toban.faces.web.backup.charts import sizes
from toban.message import NOTHING, plain

NOON = datetime(2026, 11, 25, 3, tzinfo=UTC)
DOCUMENT = """# 運用設計書
## 4. バックアップ・リストア
### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| 会員DB | フルバックアップ | 日次 2:00 | 30世代 | S3 | 30日 |
| 注文DB | フルバックアップ | 日次 2:00 | 30世代 | S3 | 30日 |
| S3ファイル | バージョニング | リアルタイム | - | S3 | 30日 |
### RPO/RTO
| 項目 | 目標値 |
|---|---|
| RPO (復旧時点目標) | 1時間 |
| RTO (復旧時間目標) | 4時間 |
"""
DESIGN = read_design(DOCUMENT, "d.md")


def made(label: str, ended_at: datetime, parent: str = "", **more: Any) -> Backup:
    fields = {
        "subject": "会員DB", "method": "incremental" if parent else "full", "system_id": "7",
        "start_timeline": 1, "start_lsn": "0/1000", "end_timeline": 1, "end_lsn": "0/2000",
        "stored_bytes": 1000, "verified_at": ended_at, **more,
    }  # fmt: skip
    return Backup(
        label=label, parent=parent, started_at=ended_at, ended_at=ended_at, restorable_to=ended_at, **fields
    )


def rpo() -> RecoveryObjective:
    found = objective_of(DESIGN, "会員DB")
    assert found is not None
    return found


def test_increments_are_shown_under_their_full_backup_with_the_newest_chain_first() -> None:
    first, second = made("a", NOON - timedelta(days=2)), made("b", NOON - timedelta(days=1))
    on_first = made("c", NOON - timedelta(hours=1), "a")

    chains = chains_of([first, second, on_first])

    assert [(chain.full.label, [each.label for each in chain.increments]) for chain in chains] == [
        ("b", []), ("a", ["c"]),
    ]  # fmt: skip


def test_an_increment_whose_full_is_gone_is_not_hidden() -> None:
    chains = chains_of([made("c", NOON, "gone")])

    assert [chain.full.label for chain in chains] == ["c"]


@pytest.mark.parametrize(
    ("age", "verdict"),
    [
        (timedelta(hours=1), Verdict.CONFORMING),
        (timedelta(hours=1, seconds=1), Verdict.DEVIATING),
    ],
)
def test_the_age_of_the_newest_moment_is_compared_with_the_rpo(age: timedelta, verdict: Verdict) -> None:
    found = subject("会員DB", [made("a", NOON - age)], [], None, rpo(), NOON)

    assert (found.age, found.verdict) == (age, verdict)


def test_backups_of_which_none_can_be_restored_miss_the_rpo() -> None:
    lost = made("b", NOON, "gone")

    assert subject("会員DB", [lost], [], None, rpo(), NOON).verdict is Verdict.DEVIATING
    assert subject("会員DB", [], [], None, rpo(), NOON).verdict is Verdict.NOT_MEASURABLE


def test_the_log_restores_more_than_the_backup_alone() -> None:
    stretch = LogStretch(
        subject="会員DB", system_id="7", timeline=1, first_lsn="0/1000", last_lsn="0/9000",
        durable_to=NOON - timedelta(seconds=20),
    )  # fmt: skip

    found = subject("会員DB", [made("a", NOON - timedelta(hours=9))], [stretch], None, rpo(), NOON)

    assert found.moment is not None
    assert found.moment.is_by_log
    assert found.verdict is Verdict.CONFORMING


def stretch(first: str, last: str, hours: int, **more: Any) -> LogStretch:
    fields = {"subject": "会員DB", "system_id": "7", "timeline": 1, **more}
    return LogStretch(first_lsn=first, last_lsn=last, durable_to=NOON + timedelta(hours=hours), **fields)


def ranges(*stretches: LogStretch) -> list[tuple[int, str, str]]:
    return [(each.timeline, each.first_lsn, each.last_lsn) for each in spans_of(stretches)]


def test_overlapping_log_stretches_are_merged_with_the_state_of_the_last() -> None:
    before = stretch("0/2000028", "0/3004000", 0, broken_why=plain("no such segment"))

    (span,) = spans_of([before, stretch("0/3000000", "0/5000000", 1)])

    assert (span.first_lsn, span.last_lsn) == ("0/2000028", "0/5000000")
    assert (span.durable_to, span.broken_why) == (NOON + timedelta(hours=1), NOTHING)


def test_a_stretch_inside_another_adds_nothing_to_it() -> None:
    whole, part = (
        stretch("0/1000000", "0/5000000", 1),
        stretch("0/2000000", "0/3000000", 0, broken_why=plain("x")),
    )

    assert spans_of([part, whole]) == spans_of([whole])


@pytest.mark.parametrize(
    "second",
    [
        stretch("0/3000001", "0/5000000", 1),
        stretch("0/3000000", "0/5000000", 1, timeline=2),
        stretch("0/2000000", "0/5000000", 1, system_id="8"),
    ],
    ids=["a gap", "another timeline", "another cluster"],
)
def test_stretches_of_another_log_are_shown_separately(second: LogStretch) -> None:
    first = stretch("0/1000000", "0/3000000", 0)

    assert ranges(second, first) == [
        (1, "0/1000000", "0/3000000"), (second.timeline, second.first_lsn, second.last_lsn),
    ]  # fmt: skip


def test_without_a_backup_nothing_is_green() -> None:
    found = subject("会員DB", [], [], None, rpo(), NOON)

    assert (found.moment, found.verdict) == (None, Verdict.NOT_MEASURABLE)


def test_a_damaged_backup_restores_nothing() -> None:
    found = subject("会員DB", [made("a", NOON, trouble=plain("違う"))], [], None, rpo(), NOON)

    assert found.moment is None
    assert found.count == 1


def test_subjects_are_those_of_the_document_and_then_others_that_are_stored() -> None:
    assert subjects_of(DESIGN, {"旧DB", "注文DB"}) == ["会員DB", "注文DB", "旧DB"]


def test_full_backups_are_charted_by_size_with_links() -> None:
    small, great = made("a", NOON, pk=1, stored_bytes=1), made("b", NOON, pk=2, stored_bytes=2000)
    increment = made("c", NOON, "a")

    found = subject("会員DB", [small, increment, great], [], None, None, NOON)
    chart = sizes(found.fulls, lambda at: f"{at:%H:%M}")

    assert chart is not None
    assert (chart.unit, chart.bars[0].values) == (" kB", [0.001, 2])
    assert [(row.cells, row.address) for row in chart.rows] == [
        (("1 B",), "/backups/1"),
        (("2 kB",), "/backups/2"),
    ]
    assert chart.drawing["bars"] == [{"tone": "run", "values": [0.03, 2]}]


def test_a_single_size_makes_no_chart() -> None:
    assert sizes([made("a", NOON, stored_bytes=1)], lambda at: f"{at:%H:%M}") is None
