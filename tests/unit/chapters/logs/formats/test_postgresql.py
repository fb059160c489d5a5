"""What a PostgreSQL 17 wrote to stderr, csvlog and jsonlog at once is the same entries, each once."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from toban.chapters.logs.formats import FORMATS, RECORDS
from toban.chapters.logs.formats.convert import Record, Surroundings
from toban.chapters.logs.intake.moments import moment_of

WRITTEN = Path(__file__).parent / "postgresql"
AROUND = Surroundings(ZoneInfo("Asia/Tokyo"), datetime(2026, 12, 1, 12, 0, tzinfo=UTC))
FILES = ("stderr.log", "csvlog.csv", "jsonlog.json")


def convert(body: bytes) -> list[Record]:
    return [json.loads(line) if line else {} for line in FORMATS["postgresql"](body, AROUND).split(b"\n")]


def entries(name: str) -> list[Record]:
    return [row for row in convert((WRITTEN / name).read_bytes()) if row]


def of(row: Record, *names: str) -> tuple[str, ...]:
    return tuple(str(row.get(name, "")) for name in names)


@pytest.mark.parametrize("name", FILES)
def test_no_entry_is_lost_or_doubled_and_levels_times_and_messages_are_right(name: str) -> None:
    told = [json.loads(line) for line in (WRITTEN / "jsonlog.json").read_text().splitlines()]

    rows = entries(name)

    assert len(rows) == len(told) == 23
    for row, sent in zip(rows, told, strict=True):
        assert of(row, "error_severity", "user", "dbname", "pid") == of(
            sent, "error_severity", "user", "dbname", "pid"
        )
        # Only stderr says the place of an error in its message.
        assert str(row["message"]).partition(" at character")[0] == sent["message"]
        assert moment_of(row["timestamp"], AROUND.zone) == moment_of(sent["timestamp"], AROUND.zone)


@pytest.mark.parametrize("name", FILES)
def test_statement_context_and_detail_belong_to_their_entry(name: str) -> None:
    rows = {str(row["message"]).partition(" at character")[0]: row for row in entries(name)}

    assert of(rows['relation "nowhere" does not exist'], "statement", "context") == (
        "select *\nfrom nowhere\nwhere x = 'a,\"b\"'",
        "",
    )
    assert of(rows["odd 3"], "context") == ("PL/pgSQL function f(integer) line 1 at RAISE",)
    assert of(rows["division by zero"], "context", "statement") == (
        "PL/pgSQL function f(integer) line 1 at RETURN",
        "select f(3)",
    )
    assert of(rows['duplicate key value violates unique constraint "t_pkey"'], "detail", "statement") == (
        "Key (id)=(1) already exists.",
        "insert into t values(1)",
    )


@pytest.mark.parametrize("name", FILES)
def test_the_duration_of_a_statement_is_that_of_the_row(name: str) -> None:
    assert [row["durationMs"] for row in entries(name) if "durationMs" in row] == [
        1.611, 2.066, 0.253, 0.776, 11.412,
    ]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_every_line_has_its_place(name: str) -> None:
    body = (WRITTEN / name).read_bytes()

    assert len(convert(body)) == body.count(b"\n") + 1


@pytest.mark.parametrize("cut", range(1, 40, 3))
@pytest.mark.parametrize("name", FILES)
def test_a_batch_may_begin_and_end_anywhere(name: str, cut: int) -> None:
    lines = (WRITTEN / name).read_bytes().splitlines(keepends=True)

    rows = [*convert(b"".join(lines[:cut])), *convert(b"".join(lines[cut:]))]

    # The lines of an entry that was cut are rows as they stand there: in csvlog, with its quotes doubled.
    said = "\n".join(str(value) for row in rows for value in row.values()).replace('""', '"')
    for row in entries(name):
        assert str(row["message"]) in said


def test_parts_of_two_processes_are_told_apart() -> None:
    body = b"""2026-12-01 20:00:00.000 JST [1] a@x ERROR:  first
2026-12-01 20:00:00.000 JST [2] b@x ERROR:  second
2026-12-01 20:00:00.000 JST [1] a@x STATEMENT:  select 1
2026-12-01 20:00:00.000 JST [2] b@x STATEMENT:  select
\t2
plain words
"""
    first, second, *empty, plain, _ = convert(body)

    assert of(first, "message", "statement") == ("first", "select 1")
    assert of(second, "message", "statement") == ("second", "select\n2")
    assert (empty, plain["message"]) == ([{}, {}, {}], "plain words")


def test_a_part_without_its_entry_is_a_row() -> None:
    (row, _) = convert(b"2026-12-01 20:00:00.000 JST [1] STATEMENT:  select 1\n")

    assert of(row, "message", "error_severity") == ("STATEMENT:  select 1", "LOG")


def test_an_entry_that_comes_alone_is_read_with_its_parts() -> None:
    # As RDS writes to CloudWatch Logs.
    line = "2026-12-01 11:00:00 UTC:10.0.0.9(4242):app@shop:[77]:ERROR:  no table\n\tat all"

    row = RECORDS["postgresql"](line, AROUND)

    assert of(row, "message", "user", "dbname", "pid") == ("no table\nat all", "app", "shop", "77")
    assert row["timestamp"] == "2026-12-01T11:00:00+00:00"


def test_an_endless_quote_swallows_no_line() -> None:
    body = b'2026-12-01 20:00:00.000 JST,"open\n' + b"line\n" * 1000

    rows = [row for row in convert(body) if row]

    assert len(rows) == 1001
