"""Which statements the store runs."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.engine.telemetry.child.refusal import RequestRefusal
from toban.engine.telemetry.child.statement import Insert, Query, permitted, read


@pytest.mark.parametrize(
    "canonical",
    [
        "SELECT 1",
        "SELECT count() FROM samples",
        "WITH 1 AS x SELECT x",
        "CREATE TABLE t (`a` String) ENGINE = MergeTree ORDER BY a",
        "CREATE MATERIALIZED VIEW v TO t AS SELECT max(a) FROM u",
        "ALTER TABLE t (DROP PARTITION 202611)",
        "OPTIMIZE TABLE t FINAL",
        "DESCRIBE TABLE t",
        "SELECT 'file(a); SET b -- c'",
        "SELECT 'it\\'s', 'a \\' ; file('",
        "SELECT filename FROM t WHERE file = 1",
        "SELECT {days:Array(Date)}, attributes.`a b` FROM t",
        "(SELECT 1) UNION ALL (SELECT 2)",
    ],
)
def test_a_statement_on_tobans_own_tables_is_accepted(canonical: str) -> None:
    assert permitted("as sent", canonical).text == "as sent"


@pytest.mark.parametrize(
    "canonical",
    [
        "SELECT file('/etc/passwd')",
        "SELECT FILE('/etc/passwd')",
        "SELECT `file`('/etc/passwd')",
        "SELECT * FROM url('http://127.0.0.1')",
        "SELECT dictGet('a', 'b', 1)",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV",
        "INSERT INTO t SELECT file('/etc/passwd')",
        "INSERT INTO FUNCTION file('x') SELECT 1",
        "CREATE TABLE t (`a` String) ENGINE = Executable('x', TSV)",
        "CREATE TABLE t (`a` String) ENGINE = File(TSV)",
        "CREATE DICTIONARY d (`a` UInt64) PRIMARY KEY a",
        "CREATE FUNCTION f AS x -> x",
        "CREATE USER f",
        "SET max_execution_time = 0",
        "USE system",
        "SYSTEM SHUTDOWN",
        "KILL QUERY WHERE 1",
        "ATTACH TABLE t FROM '/etc'",
        "BACKUP TABLE t TO File('/tmp/x')",
        "GRANT FILE ON *.* TO default",
        "",
    ],
)
def test_a_statement_that_leaves_tobans_tables_is_refused(canonical: str) -> None:
    with pytest.raises(RequestRefusal):
        permitted("as sent", canonical)


def test_a_trailing_semicolon_is_not_a_second_statement() -> None:
    assert read(b"SELECT 1 ;\n") == "SELECT 1"


def test_the_format_at_the_end_is_read() -> None:
    text = "SELECT 1 FORMAT Native"

    assert permitted(text, text) == Query(text, format="Native", streams=True)


def test_only_a_select_streams() -> None:
    assert not permitted("SHOW TABLES", "SHOW TABLES").streams


@pytest.mark.parametrize(
    "head",
    [
        b"INSERT INTO FUNCTION file('x')",
        b"INSERT INTO t (a) SELECT file('x')",
        b"INSERT INTO t FROM INFILE 'x'",
        "INSERT INTO\u200bFUNCTION file('x')".encode(),
        b"INSERT INTO t (a\xff)",
    ],
)
def test_rows_are_inserted_into_tables_only(head: bytes) -> None:
    with pytest.raises(RequestRefusal):
        read(head + b" FORMAT TSV\n1")


def test_rows_may_follow_the_insert_on_the_next_line() -> None:
    statement = read(b"INSERT INTO t (a) FORMAT RowBinary\n\x00\xff; file('x')")

    assert statement == Insert("INSERT INTO t (a)", "RowBinary", b"\x00\xff; file('x')")


def test_rows_may_be_sent_separately_from_the_insert() -> None:
    statement = read(b"INSERT INTO t (a) FORMAT JSONEachRow", b'{"a": 1}')

    assert statement == Insert("INSERT INTO t (a)", "JSONEachRow", b'{"a": 1}')


def test_an_insert_from_a_query_is_not_an_insert_of_rows() -> None:
    statement = read(b"INSERT INTO t SELECT 1")

    assert statement == "INSERT INTO t SELECT 1"


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
        assert isinstance(read(text), Insert | str)


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
