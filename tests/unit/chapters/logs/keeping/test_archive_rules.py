"""How a day of logs is split for the archive, and which parts a search reads."""

from datetime import UTC, date, datetime, timedelta

import pytest

from toban.chapters.logs.keeping import archive_rules
from toban.chapters.logs.keeping.archive_rules import ArchiveManifest, ArchivePart
from toban.engine.telemetry.logs.language import read_search
from toban.engine.telemetry.logs.search import TimeSpan
from toban.engine.telemetry.parquet import FileStretch

NINE = datetime(2026, 5, 10, 9, tzinfo=UTC)


def minute(count: int) -> datetime:
    return NINE + timedelta(minutes=count)


def test_a_day_that_fits_is_one_stretch_from_its_first_to_the_end_of_its_last_minute() -> None:
    found = archive_rules.cut([(minute(0), 3, 30), (minute(5), 4, 40)], rows=10, size=100)

    assert found == [FileStretch(minute(0), minute(6), 7)]


@pytest.mark.parametrize(("rows", "size"), [(7, 1000), (1000, 70)])
def test_a_stretch_is_filled_up_to_its_limit(rows: int, size: int) -> None:
    found = archive_rules.cut(
        [(minute(0), 3, 30), (minute(5), 4, 40), (minute(6), 1, 10)], rows=rows, size=size
    )

    assert found == [FileStretch(minute(0), minute(6), 7), FileStretch(minute(6), minute(7), 1)]


def test_a_minute_is_never_split() -> None:
    found = archive_rules.cut([(minute(0), 1, 1), (minute(1), 50, 1), (minute(2), 1, 1)], rows=10, size=100)

    assert [each.rows for each in found] == [1, 50, 1]
    assert [each.end for each in found] == [minute(1), minute(2), minute(3)]


def test_a_day_without_rows_has_no_stretch() -> None:
    assert archive_rules.cut([]) == []


def test_a_manifest_is_recognised_by_its_key() -> None:
    key = archive_rules.manifest_key("access log", date(2026, 5, 10))

    assert key == "logs/access!20log/2026-05-10/manifest.json"
    assert archive_rules.day_of(key) == date(2026, 5, 10)


@pytest.mark.parametrize(
    "key",
    [
        "logs/access/2026-05-10/0a-0001.parquet",
        "logs/access/sometime/manifest.json",
        "logs/manifest.json",
        "logs/",
        "",
    ],
)
def test_other_objects_are_not_manifests(key: str) -> None:
    assert archive_rules.day_of(key) is None


def part(first: int, last: int) -> ArchivePart:
    return ArchivePart(
        key=f"{first}", rows=1, size=1, sha256="", checksum="0", start=minute(first), end=minute(last)
    )


def test_only_parts_that_may_overlap_the_range_are_read_newest_first() -> None:
    day = ArchiveManifest(
        kind="access",
        day=NINE.date(),
        rows=4,
        written_at=NINE,
        parts=(part(0, 10), part(10, 20), part(20, 30), part(30, 40)),
    )

    found = archive_rules.newest_first([day], TimeSpan(minute(10), minute(30)))

    assert [each.key for each in found] == ["20", "10"]


@pytest.mark.parametrize(
    ("search", "kinds"),
    [("kind:アクセスログ", {"access"}), ("-kind:access", None), ("level:ERROR", None), ("", None)],
)
def test_a_search_for_one_kind_reads_only_that_kind(search: str, kinds: set[str] | None) -> None:
    assert archive_rules.asked_kinds(read_search(search).terms) == kinds


def test_a_day_in_the_documents_zone_may_extend_into_the_next_utc_day() -> None:
    span = TimeSpan(datetime(2026, 5, 10, 23, tzinfo=UTC), datetime(2026, 5, 10, 23, 30, tzinfo=UTC))

    assert [day for day in range(8, 14) if archive_rules.may_hold(date(2026, 5, day), span)] == [9, 10, 11]
