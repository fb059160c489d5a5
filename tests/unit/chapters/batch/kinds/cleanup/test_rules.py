"""Which log files are older than the document's retention."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from toban.chapters.batch.kinds.cleanup.rules import (
    CleanupFile,
    DiskRoom,
    FileFate,
    RetentionLimit,
    fate,
    last_written,
    read_room,
)  # fmt: skip
from toban.design.clauses.logs import LogKind
from toban.design.reader import read_design

TOKYO = ZoneInfo("Asia/Tokyo")
THREE = datetime(2026, 11, 25, 3, tzinfo=TOKYO)
SECOND = timedelta(seconds=1)


def limit(*kept: str) -> RetentionLimit:
    rows = "\n".join(f"| アクセスログ | | {each} |" for each in kept)
    head = "## 3. ログ管理\n\n### ログ種別\n| ログ種別 | 内容 | 保存期間 |\n|---|---|---|"
    found = tuple(read_design(f"# 運用設計書\n\n{head}\n{rows}\n", "d.md").of(LogKind))
    assert len(found) == len(kept)
    return RetentionLimit("アクセスログ", found)


def file(changed_at: datetime, name: str = "access.log.1") -> CleanupFile:
    return CleanupFile(Path("/var/log/nginx", name), 10, changed_at, device=1, inode=2)


def judged(
    found: CleanupFile, *limits: RetentionLimit, opened: frozenset[tuple[int, int]] = frozenset()
) -> FileFate:
    return fate(found, limits or (limit("90日"),), now=THREE, zone=TOKYO, opened=opened)


def test_a_file_as_old_as_the_limit_is_kept_and_one_second_older_is_not() -> None:
    at_the_limit = THREE - timedelta(days=90)

    assert judged(file(at_the_limit)) is FileFate.WITHIN
    assert judged(file(at_the_limit - SECOND)) is FileFate.EXPIRED


def test_a_year_is_a_calendar_year() -> None:
    now = datetime(2025, 2, 28, 3, tzinfo=TOKYO)

    # 2024 had a 29th of February, so 366 days lie between.
    assert limit("1年").cutoff(now) == datetime(2024, 2, 28, 3, tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("access.log-20260801.gz", datetime(2026, 8, 2, tzinfo=TOKYO)),
        ("access-2026-08-01.log", datetime(2026, 8, 2, tzinfo=TOKYO)),
        ("2026_08_01.log", datetime(2026, 8, 2, tzinfo=TOKYO)),
        ("from-20260801-to-20260803.log", datetime(2026, 8, 4, tzinfo=TOKYO)),
        ("access.log.1", datetime(2026, 7, 1, tzinfo=UTC)),
        ("build-120260801.log", datetime(2026, 7, 1, tzinfo=UTC)),  # a number, not a date
        ("access-20260230.log", datetime(2026, 7, 1, tzinfo=UTC)),  # no such day
        ("access-2026-0801.log", datetime(2026, 7, 1, tzinfo=UTC)),
    ],
)
def test_a_date_in_the_name_counts_until_the_end_of_that_day(name: str, written: datetime) -> None:
    assert last_written(file(datetime(2026, 7, 1, tzinfo=UTC), name), TOKYO) == written


def test_the_later_of_the_date_in_the_name_and_the_modification_time_counts() -> None:
    old_by_name_only = file(THREE - timedelta(days=1), "access.log-20200101")
    old_by_time_only = file(THREE - timedelta(days=999), "access.log-20261124")

    assert judged(old_by_name_only) is FileFate.WITHIN
    assert judged(old_by_time_only) is FileFate.WITHIN


def test_the_date_in_the_name_ends_at_midnight_in_the_documents_zone() -> None:
    # 90 days before 3:00 on 25 November is 3:00 on 27 August.
    assert judged(file(THREE - timedelta(days=999), "a-20260826.log")) is FileFate.EXPIRED
    assert judged(file(THREE - timedelta(days=999), "a-20260827.log")) is FileFate.WITHIN


def test_a_file_of_two_kinds_is_kept_for_the_longer_retention() -> None:
    found = file(THREE - timedelta(days=100))

    assert judged(found, limit("90日"), limit("180日")) is FileFate.WITHIN
    assert judged(found, limit("90日"), limit("99日")) is FileFate.EXPIRED
    assert judged(found, limit("90日"), limit("無期限")) is FileFate.FOREVER


def test_the_longer_of_two_rows_with_the_same_name_applies() -> None:
    assert judged(file(THREE - timedelta(days=100)), limit("90日", "180日")) is FileFate.WITHIN
    assert judged(file(THREE - timedelta(days=100)), limit("90日", "永続")) is FileFate.FOREVER


def test_a_file_that_a_program_has_open_is_left_alone() -> None:
    old = file(THREE - timedelta(days=100))

    assert judged(old, opened=frozenset({(1, 2)})) is FileFate.OPEN
    assert judged(old, opened=frozenset({(1, 3), (2, 2)})) is FileFate.EXPIRED


def test_a_link_does_not_count_as_a_file() -> None:
    assert judged(replace(file(THREE - timedelta(days=100)), is_regular=False)) is FileFate.LINKED


@pytest.mark.parametrize(
    ("text", "room"),
    [
        ("20%", DiskRoom(percent=20)),
        ("2.5 %", DiskRoom(percent=2.5)),
        ("10GB", DiskRoom(bytes=10 * 10**9)),
        ("10 GiB", DiskRoom(bytes=10 * 2**30)),
        ("500mb", DiskRoom(bytes=500 * 10**6)),
        ("101%", None),
        ("10", None),
        ("much", None),
    ],
)
def test_free_space_is_a_percentage_or_bytes(text: str, room: DiskRoom | None) -> None:
    assert read_room(text) == room


@pytest.mark.parametrize(
    ("room", "free", "is_kept"),
    [
        (DiskRoom(percent=20), 200, True),
        (DiskRoom(percent=20), 199, False),
        (DiskRoom(bytes=500), 500, True),
        (DiskRoom(bytes=500), 499, False),
    ],
)
def test_exactly_the_required_free_space_is_enough(room: DiskRoom, free: int, is_kept: bool) -> None:
    assert room.is_kept(free, 1000) is is_kept
