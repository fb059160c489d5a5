"""Which statements the store runs."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.engine.telemetry.child.refusal import RequestRefusal
from toban.engine.telemetry.child.statement import Insert, Query, read


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "  select count() from samples",
        "WITH 1 AS x SELECT x",
        "CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY a",
        "ALTER TABLE t DROP PARTITION 202611",
        "OPTIMIZE TABLE t FINAL",
        "DESCRIBE TABLE t",
        "SELECT 'file(a); SET b -- c'",
        "SELECT 'it''s', 'a \\' ; b'",
        'SELECT profile(a), filename FROM `t` WHERE "file" = 1',
        "(SELECT 1) UNION ALL (SELECT 2)",
    ],
)
def test_a_statement_on_tobans_own_tables_is_accepted(text: str) -> None:
    statement = read(text.encode())

    assert isinstance(statement, Query)
    assert statement.text == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1; DROP TABLE t",
        "SELECT file('/etc/passwd')",
        "SELECT FILE ('/etc/passwd')",
        "SELECT `file`('/etc/passwd')",
        "SELECT \"file\"('/etc/passwd')",
        "SELECT `\\x66ile`('/etc/passwd')",
        "SELECT file/**/('/etc/passwd')",
        "SELECT file--\n('/etc/passwd')",
        "SELECT file#\n('/etc/passwd')",
        "SELECT $$'$$, file('/etc/passwd'), $$'$$",
        "SELECT \u2018'\u2019, file('/etc/passwd'), \u2018'\u2019",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV",
        "INSERT INTO t SELECT file('/etc/passwd')",
        "SET max_execution_time = 0",
        "USE system",
        "SYSTEM SHUTDOWN",
        "KILL QUERY WHERE 1",
        "ATTACH TABLE t FROM '/etc'",
        "BACKUP TABLE t TO File('/tmp/x')",
        "GRANT FILE ON *.* TO default",
        "SELECT 'never closed",
        "SELECT `never closed",
        "",
        "   ",
        ";",
    ],
)
def test_a_statement_that_leaves_tobans_tables_is_refused(text: str) -> None:
    with pytest.raises(RequestRefusal):
        read(text.encode())


def test_a_trailing_semicolon_is_not_a_second_statement() -> None:
    assert read(b"SELECT 1 ;\n") == Query("SELECT 1", format=None, streams=True)


def test_the_format_at_the_end_is_read() -> None:
    assert read(b"SELECT 1 FORMAT Native") == Query("SELECT 1 FORMAT Native", format="Native", streams=True)


def test_only_a_select_streams() -> None:
    statement = read(b"SHOW TABLES")

    assert statement == Query("SHOW TABLES", format=None, streams=False)


def test_rows_may_follow_the_insert_on_the_next_line() -> None:
    statement = read(b"INSERT INTO t (a) FORMAT RowBinary\n\x00\xff; file('x')")

    assert statement == Insert("INSERT INTO t (a)", "RowBinary", b"\x00\xff; file('x')")


def test_rows_may_be_sent_separately_from_the_insert() -> None:
    statement = read(b"INSERT INTO t (a) FORMAT JSONEachRow", b'{"a": 1}')

    assert statement == Insert("INSERT INTO t (a)", "JSONEachRow", b'{"a": 1}')


def test_an_insert_from_a_query_is_not_an_insert_of_rows() -> None:
    statement = read(b"INSERT INTO t SELECT 1")

    assert statement == Query("INSERT INTO t SELECT 1", format=None, streams=False)


_PIECES = (
    "SELECT ",
    "'",
    '"',
    "`",
    "\\",
    "--",
    "/*",
    "$$",
    ";",
    "file(",
    " FORMAT CSV",
    "INSERT INTO t",
    "\n",
)


@given(
    st.one_of(st.binary(), st.lists(st.sampled_from(_PIECES)).map(lambda pieces: "".join(pieces).encode()))
)
def test_any_text_is_either_read_or_refused(text: bytes) -> None:
    with suppress(RequestRefusal):
        assert read(text)


@pytest.mark.parametrize(
    ("head", "table"),
    [
        (b"INSERT INTO `logs` (`kind`, `day`)", "logs"),
        (b"insert into logs(kind)", "logs"),
        (b'INSERT INTO "spans" ("day")', "spans"),
        (b"INSERT INTO other.logs (kind)", ""),
        (b"INSERT INTO logs", ""),
    ],
)
def test_the_table_of_a_plain_insert_is_read(head: bytes, table: str) -> None:
    statement = read(head + b" FORMAT RowBinary\n", b"rows")

    assert isinstance(statement, Insert)
    assert statement.table == table
