"""The catalogue's rows, and the same facts stored next to the backup."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from toban.chapters.backup import catalogue
from toban.chapters.backup.engine import Method, TakenBackup, WalPosition
from toban.chapters.backup.models import LogStretch
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore
from toban.engine.stores.store import StoredObject
from toban.message import plain

NOON = datetime(2026, 11, 25, 3, tzinfo=UTC)
TAKEN = TakenBackup(
    label="20261125T020000Z-incr",
    method=Method.INCREMENTAL,
    engine="native",
    engine_version="1",
    server_version="18.6",
    system_id="7361",
    parent="20261124T170000Z-full",
    started_at=NOON,
    ended_at=NOON + timedelta(seconds=3),
    start=WalPosition(1, "0/3000028"),
    end=WalPosition(1, "0/3000100"),
    restorable_to=NOON + timedelta(seconds=3),
    objects=(StoredObject("PostgreSQL/x/base.tar.zst", 10, "ab", "v1", "age1x"),),
    manifest_sha256="cd",
    source_bytes=100,
    facts={"archives": [{"key": "base", "tablespace": None}], "日本": "語"},
)


def test_a_description_is_read_back_as_it_was_written() -> None:
    assert catalogue.from_json(catalogue.to_json(TAKEN)) == TAKEN


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"form": 2}', catalogue.to_json(TAKEN).replace(b"parent", b"elder")]
)
def test_an_invalid_description_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own errors are among them
        catalogue.from_json(content)


@pytest.mark.django_db
def test_a_row_contains_every_fact() -> None:
    row = catalogue.record(TAKEN, subject="PostgreSQL", clause_id="c", store="s3://b", verified_at=NOON)
    again = catalogue.record(TAKEN, subject="PostgreSQL", clause_id="c", store="s3://b", verified_at=NOON)

    row.refresh_from_db()
    assert catalogue.taken_of(row) == TAKEN
    assert (row.pk, row.stored_bytes) == (again.pk, 10)
    assert [each.label for each in catalogue.on_hand("PostgreSQL")] == [TAKEN.label]


@pytest.mark.django_db
def test_a_log_continues_from_where_it_ended() -> None:
    log_goes_on("0/1000000", "0/2000000", NOON)
    log_goes_on("0/2000000", "0/3000000", NOON + timedelta(hours=1))

    only = LogStretch.objects.get()
    assert (only.first_lsn, only.last_lsn) == ("0/1000000", "0/3000000")
    assert only.durable_to == NOON + timedelta(hours=1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first", "timeline"), [("0/2000001", 1), ("0/2000000", 2)], ids=["gap", "promotion"]
)
def test_log_that_does_not_adjoin_becomes_a_separate_stretch(first: str, timeline: int) -> None:
    log_goes_on("0/1000000", "0/2000000", NOON)
    log_goes_on(first, "0/3000000", NOON + timedelta(hours=1), timeline=timeline)

    assert LogStretch.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("timeline", "ranges"),
    [
        (1, [("0/1000000", "0/3000000")]),
        (2, [("0/1000000", "0/2000000"), ("0/2000000", "0/3000000")]),
    ],
)
def test_log_without_a_restorable_moment_yet_keeps_that_of_the_log_it_continues(
    timeline: int, ranges: list[tuple[str, str]]
) -> None:
    log_goes_on("0/1000000", "0/2000000", NOON)

    log_goes_on("0/2000000", "0/3000000", None, timeline=timeline)

    found = LogStretch.objects.order_by("timeline")
    assert [(each.first_lsn, each.last_lsn) for each in found] == ranges
    assert {each.durable_to for each in found} == {NOON}
    last = catalogue.last_stretch("PostgreSQL", "7361")
    assert last is not None
    assert (last.timeline, last.last_lsn) == (timeline, "0/3000000")


@pytest.mark.django_db
def test_log_that_continues_nothing_is_recorded_once_it_can_restore_a_moment() -> None:
    log_goes_on("0/1000000", "0/2000000", None)

    assert not LogStretch.objects.exists()


@pytest.mark.django_db
def test_a_broken_log_is_never_continued() -> None:
    log_goes_on("0/1000000", "0/2000000", NOON)
    catalogue.log_breaks("PostgreSQL", "7361", plain("slot lost"))

    assert catalogue.last_stretch("PostgreSQL", "7361") is None
    log_goes_on("0/2000000", "0/3000000", NOON + timedelta(hours=1))
    assert [str(each.broken_why) for each in LogStretch.objects.order_by("durable_to")] == ["slot lost", ""]


@pytest.mark.django_db
def test_stretches_are_trimmed_where_their_log_was_removed() -> None:
    log_goes_on("0/1000000", "0/2000000", NOON)
    catalogue.log_breaks("PostgreSQL", "7361", plain("gap"))
    log_goes_on("0/3000000", "0/6000000", NOON + timedelta(hours=1))

    catalogue.log_begins_at("PostgreSQL", "7361", WalPosition(1, "0/4000000"))

    assert [(each.first_lsn, each.last_lsn) for each in LogStretch.objects.all()] == [
        ("0/4000000", "0/6000000")
    ]


@pytest.mark.django_db
def test_extending_a_stretch_does_not_bring_removed_log_back() -> None:
    log_goes_on("0/1000000", "0/4000000", NOON)
    catalogue.log_begins_at("PostgreSQL", "7361", WalPosition(1, "0/3000000"))

    log_goes_on("0/1000000", "0/5000000", NOON + timedelta(hours=1))

    only = LogStretch.objects.get()
    assert (only.first_lsn, only.last_lsn) == ("0/3000000", "0/5000000")


def test_the_backups_of_a_store_are_read_from_it(tmp_path: Path) -> None:
    store = DirectoryStore(DirectoryConfig(path=tmp_path))
    store.put(catalogue.key_of("PostgreSQL", TAKEN.label), catalogue.to_json(TAKEN))
    store.put("PostgreSQL/half/base.tar.zst", b"no description beside it")
    store.put("PostgreSQL/bad/backup.json", b"{")
    store.put("PostgreSQL2/other/backup.json", catalogue.to_json(TAKEN))

    found, troubles = catalogue.read_store(store, "PostgreSQL")

    assert found == [TAKEN]
    assert [str(each).partition(":")[0] for each in troubles] == ["PostgreSQL/bad/backup.json"]


def log_goes_on(first: str, last: str, durable_to: datetime | None, *, timeline: int = 1) -> None:
    catalogue.log_goes_on(
        "PostgreSQL", "7361", timeline=timeline, first_lsn=first, last_lsn=last, durable_to=durable_to
    )
