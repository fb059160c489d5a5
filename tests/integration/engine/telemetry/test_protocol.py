"""What clickhouse-connect expects of a ClickHouse server, as far as Toban uses it."""

from collections.abc import Iterator

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from .conftest import SECRET, StoreProcess


@pytest.fixture
def client(store: StoreProcess) -> Iterator[Client]:
    made = clickhouse_connect.get_client(
        host="127.0.0.1",
        port=store.port,
        username="toban",
        password=SECRET,
        compress=False,
        dedicated_pool=True,
    )
    yield made
    made.close()


def test_bound_values_arrive_unchanged(client: Client) -> None:
    values = {"text": "a'b\\c\n\t当番 --", "number": -5, "list": ["x", "y'"], "nothing": None}

    row = client.query(
        "SELECT {text:String}, {number:Int64}, {list:Array(String)}, {nothing:Nullable(String)}",
        parameters=values,
    ).result_rows[0]

    assert row == (values["text"], -5, ["x", "y'"], None)


def test_a_value_too_long_for_a_url_arrives_too(client: Client) -> None:
    text = "当番" * 50_000

    assert client.query("SELECT length({text:String})", parameters={"text": text}).result_rows == [(300_000,)]


def test_a_long_answer_arrives_in_pieces(client: Client) -> None:
    with client.query_row_block_stream("SELECT number FROM numbers(500000)") as blocks:
        sizes = [len(block) for block in blocks]

    assert sum(sizes) == 500_000
    assert len(sizes) > 1


def test_an_answer_without_rows_is_empty(client: Client) -> None:
    answer = client.query("SELECT number FROM numbers(10) WHERE number > 10")

    assert answer.result_rows == []


def test_an_error_before_the_first_row_has_its_code(client: Client) -> None:
    with pytest.raises(DatabaseError) as error:
        client.query("SELECT * FROM never_made")

    assert error.value.code == 60


def test_an_error_in_the_middle_of_an_answer_is_an_error(client: Client) -> None:
    with (
        pytest.raises(DatabaseError, match="too far"),
        client.query_row_block_stream(
            "SELECT throwIf(number = 2000000, 'too far') FROM numbers(3000000)", settings={"max_threads": 1}
        ) as blocks,
    ):
        for _ in blocks:
            pass


def test_python_objects_can_be_inserted(client: Client) -> None:
    client.command("CREATE TABLE objects (a UInt32, b String) ENGINE = MergeTree ORDER BY a")

    client.insert("objects", [[1, "x"], [2, "当番"]], column_names=["a", "b"])

    assert client.query("SELECT a, b FROM objects ORDER BY a").result_rows == [(1, "x"), (2, "当番")]
    client.command("DROP TABLE objects")


@pytest.mark.parametrize(
    ("rows", "form"),
    [
        (b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n', "JSONEachRow"),
        (b"\x01\x00\x00\x00\x01x\x02\x00\x00\x00\x01y", "RowBinary"),
    ],
)
def test_rows_can_be_inserted_raw(client: Client, rows: bytes, form: str) -> None:
    client.command("CREATE TABLE raw_rows (a UInt32, b String) ENGINE = MergeTree ORDER BY a")

    summary = client.raw_insert("raw_rows", column_names=["a", "b"], insert_block=rows, fmt=form)

    assert summary.written_rows == 2
    assert client.query("SELECT a, b FROM raw_rows ORDER BY a").result_rows == [(1, "x"), (2, "y")]
    client.command("DROP TABLE raw_rows")


def test_arrow_can_be_inserted(client: Client) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    client.command("CREATE TABLE arrow_rows (a UInt32, b String) ENGINE = MergeTree ORDER BY a")

    client.insert_arrow("arrow_rows", pyarrow.table({"a": [1, 2], "b": ["x", "y"]}))

    assert client.query("SELECT count() FROM arrow_rows").result_rows == [(2,)]
    client.command("DROP TABLE arrow_rows")


@pytest.mark.parametrize("rows", [b'{"a": 1}\n{"a": 11}\n', b'{"a": 1}\n{"a": "x"}\n', b'{"a": 1}\n{"a'])
def test_a_refused_insert_is_an_error_and_stores_nothing(client: Client, rows: bytes) -> None:
    client.command("CREATE TABLE small (a UInt32, CONSTRAINT c CHECK a < 10) ENGINE = MergeTree ORDER BY a")

    with pytest.raises(DatabaseError):
        client.raw_insert("small", column_names=["a"], insert_block=rows, fmt="JSONEachRow")

    assert client.query("SELECT count() FROM small").result_rows == [(0,)]
    client.command("DROP TABLE small")


def test_an_insert_from_a_query_that_breaks_a_constraint_is_an_error(client: Client) -> None:
    client.command("CREATE TABLE few (a UInt32, CONSTRAINT c CHECK a < 10) ENGINE = MergeTree ORDER BY a")

    with pytest.raises(DatabaseError):
        client.command("INSERT INTO few SELECT number FROM numbers(20)")

    assert client.query("SELECT count() FROM few").result_rows == [(0,)]
    client.command("DROP TABLE few")
