"""The rules of the store's process; each one was learnt from a failure."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from tests import asking

from toban.design.values.metric import Metric
from toban.engine.telemetry.samples import Point, Sample
from toban.engine.telemetry.store import StoreUnavailable, Telemetry
from toban.engine.telemetry.tables import DURABLE

from .conftest import SECRET, StartStore, StoreProcess

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ENDLESS = "SELECT sum(sipHash64(number)) FROM numbers(100000000000000)"


def test_a_request_without_the_secret_is_refused(store: StoreProcess) -> None:
    bare = asking.post(store.url, content=b"SELECT 1")
    wrong = asking.post(store.url, content=b"SELECT 1", auth=("toban", "guess"))

    assert (bare.status_code, wrong.status_code) == (403, 403)
    assert bare.headers["x-clickhouse-exception-code"] == "516"
    assert "SELECT" not in bare.text


def test_the_store_listens_only_on_loopback(store: StoreProcess) -> None:
    assert store.listens_at() == {"127.0.0.1"}


def test_the_secret_is_in_no_argument_and_no_file_of_the_store(store: StoreProcess) -> None:
    arguments = " ".join(psutil.Process(store.process.pid).cmdline())
    settings = [path.read_text() for path in store.directory.glob("*.xml")]

    assert SECRET not in arguments
    assert settings
    assert not any(SECRET in text for text in settings)


def test_every_table_has_the_durable_settings(store: StoreProcess, telemetry: Telemetry) -> None:
    defaults = store.told("SELECT name, value FROM system.merge_tree_settings FORMAT TSV")

    tables = store.told(
        "SELECT name, create_table_query FROM system.tables WHERE database = 'toban' "
        "AND name IN ('samples', 'samples_5m') FORMAT TSV"
    ).splitlines()

    in_force = dict(line.split("\t") for line in defaults.splitlines())
    assert {name: int(in_force[name]) for name in DURABLE} == dict(DURABLE)
    assert len(tables) == 2
    for table in tables:
        assert [name for name, value in DURABLE.items() if f"{name} = {value}" not in table] == []


def test_samples_are_stored_by_month_and_kept_for_a_year(store: StoreProcess, telemetry: Telemetry) -> None:
    table = store.told("SELECT create_table_query FROM system.tables WHERE name = 'samples' FORMAT TSVRaw")

    assert "PARTITION BY toYYYYMM(at)" in table
    assert "toIntervalDay(365)" in table
    assert "CODEC(Delta(8), ZSTD(1))" in table


def test_inserts_are_synchronous_and_stay_so(store: StoreProcess) -> None:
    setting = store.told("SELECT getSetting('async_insert')")
    changed = store.ask("SELECT 1", async_insert=1)

    assert setting in ("0", "false")
    assert changed.status_code == 400
    assert "async_insert" in changed.text


def test_a_batch_resent_after_a_restart_of_the_store_is_stored_once(start_store: StartStore) -> None:
    samples = [Sample(Metric.UP, "Web", "web-1", NOON + MINUTE * number, 1.0) for number in range(100)]
    first = start_store()
    before = Telemetry(first.telemetry_url)
    before.ensure_schema()
    before.write(samples, token="batch")
    before.close()
    first.process.kill()
    first.process.wait()

    second = start_store()
    after = Telemetry(second.telemetry_url)
    after.write(samples, token="batch")
    after.close()

    assert second.told("SELECT count() FROM samples") == "100"
    assert second.told("SELECT sum(count) FROM samples_5m") == "100"


def test_a_client_survives_a_restart_of_the_store(start_store: StartStore) -> None:
    sample = Sample(Metric.UP, "Web", "web-1", NOON, 1.0)
    first = start_store()
    telemetry = Telemetry(first.telemetry_url)
    telemetry.ensure_schema()
    first.process.kill()
    first.process.wait()
    with pytest.raises(StoreUnavailable) as failure:
        telemetry.write([sample], token="a")

    second = start_store(port=first.port)
    telemetry.write([sample], token="a")
    latest = telemetry.latest("Web", Metric.UP)
    telemetry.close()

    assert second.port == first.port
    assert latest == [sample]
    assert SECRET not in str(failure.value)


def test_a_store_restarted_on_an_empty_directory_gets_its_tables(
    start_store: StartStore, tmp_path: Path
) -> None:
    sample = Sample(Metric.UP, "Web", "web-1", NOON, 1.0)
    first = start_store()
    telemetry = Telemetry(first.telemetry_url)
    telemetry.ensure_schema()
    first.process.kill()
    first.process.wait()
    second = start_store(port=first.port, directory=tmp_path / "empty")
    with pytest.raises(StoreUnavailable):
        telemetry.write([sample], token="a")

    telemetry.ensure_schema()
    telemetry.write([sample], token="a")
    telemetry.close()

    assert second.told("SELECT count() FROM samples") == "1"


def test_eight_threads_each_get_their_own_answers(telemetry: Telemetry) -> None:
    targets = [f"並行{number}" for number in range(8)]
    for number, target in enumerate(targets):
        telemetry.write([Sample(Metric.UP, target, "a", NOON, float(number))], token=target)
    together = threading.Barrier(8)

    def ask(number: int) -> list[bool]:
        together.wait()
        right = [Point(NOON, float(number), float(number), float(number))]
        return [
            telemetry.series(Metric.UP, targets[number], "a", NOON, NOON + MINUTE, points) == right
            for points in range(1, 41)
        ]

    with ThreadPoolExecutor(8) as threads:
        answers = [answer for own in threads.map(ask, range(8)) for answer in own]

    assert len(answers) == 320
    assert all(answers)


def test_settings_of_one_request_do_not_affect_the_next(store: StoreProcess) -> None:
    for _ in range(20):
        store.ask("SELECT 1", max_threads=1, insert_deduplication_token="left behind")

    left = {store.told("SELECT getSetting('insert_deduplication_token')") for _ in range(20)}

    assert left == {""}


BLANKS = "\u180e\u200b\u200c\u200d\u2060\ufeff"
"""What the engine skips like a blank, and Python doesn't."""


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT file('/etc/passwd')",
        "SELECT * FROM default.`/etc/passwd`",
        "SELECT * FROM `/etc/passwd`",
        "SELECT * FROM url('http://127.0.0.1:9/', 'LineAsString')",
        "SELECT * FROM remote('127.0.0.1:9', 'system.one')",
        "SELECT * FROM executable('x', 'TSV', 'a String')",
        "SELECT * FROM mysql('127.0.0.1:9', 'a', 'b', 'c', 'd')",
        "SELECT * FROM sqlite('/tmp/x', 'y')",
        "INSERT INTO FUNCTION url('http://127.0.0.1:9/', 'TSV', 'a UInt8') SELECT 1",
        "CREATE TABLE f (a String) ENGINE = File(LineAsString, '/etc/passwd')",
        "CREATE TABLE f (a String) ENGINE = URL('http://127.0.0.1:9/', 'TSV')",
        "CREATE FUNCTION f AS (x) -> x",
        "CREATE USER f",
        "CREATE DATABASE other",
        "ALTER TABLE samples MODIFY SETTING disk = disk(type = local, path = '/tmp/x/')",
        "SYSTEM SHUTDOWN",
        "SELECT 1; SELECT 2",
        "SELECT 1 INTO OUTFILE '/tmp/never-written'",
        *(f"SELECT file{blank}('/etc/passwd')" for blank in BLANKS),
        *(f"SELECT 1 INTO{blank}OUTFILE '/tmp/never-written'" for blank in BLANKS),
        "SELECT `file`('/etc/passwd')",
        "SELECT \u201cfile\u201d('/etc/passwd')",
        "SELECT file/**/('/etc/passwd')",
        "SELECT file--\n('/etc/passwd')",
        "CREATE TABLE f (a String) ENGINE = Executable('x', TSV)",
        "CREATE DICTIONARY f (a UInt64) PRIMARY KEY a SOURCE(FILE(path '/x' format 'TSV')) LAYOUT(FLAT())",
        "SELECT dictGet('f', 'a', 1)",
        "BACKUP TABLE samples TO File('/tmp/never-written')",
        "INSERT INTO samples (metric) FROM INFILE '/etc/passwd' FORMAT CSV",
    ],
)
def test_no_statement_reaches_beyond_the_stores_own_tables(
    sql: str, store: StoreProcess, telemetry: Telemetry
) -> None:
    answer = store.ask(sql)

    assert answer.status_code >= 400
    assert "root:" not in answer.text
    assert store.told("SELECT 1") == "1"


def test_a_parameter_used_as_a_name_opens_no_file(store: StoreProcess) -> None:
    answer = store.ask("SELECT * FROM {name:Identifier}", param_name="/etc/passwd")

    assert answer.status_code == 404


def test_a_full_disk_refuses_inserts_with_a_clear_message(start_store: StartStore) -> None:
    child = start_store("--keep-free", str(2**40))
    telemetry = Telemetry(child.telemetry_url)
    telemetry.ensure_schema()

    with pytest.raises(StoreUnavailable, match=r"bytes left.*HINT: free some space.*nothing was stored"):
        telemetry.write([Sample(Metric.UP, "Web", "web-1", NOON, 1.0)], token="a")
    still_readable = telemetry.latest("Web", Metric.UP)
    telemetry.close()

    assert still_readable == []


def test_a_full_disk_keeps_definitions_and_lets_partitions_go(start_store: StartStore) -> None:
    child = start_store("--keep-free", str(2**40))
    telemetry = Telemetry(child.telemetry_url)
    telemetry.ensure_schema()
    telemetry.close()

    altered = child.ask("ALTER TABLE logs ADD COLUMN more String", database="toban")
    dropped = child.ask("ALTER TABLE logs DROP PARTITION ID 'none'", database="toban")

    assert "HINT: free some space" in altered.text
    assert dropped.status_code == 200, dropped.text


def test_a_schema_that_is_whole_is_not_written_again(start_store: StartStore) -> None:
    child = start_store()
    written = []
    for _ in range(2):
        telemetry = Telemetry(child.telemetry_url)
        telemetry.ensure_schema()
        telemetry.close()
        written.append({each: each.stat().st_mtime_ns for each in child.directory.rglob("*.sql")})

    assert written[0]
    assert written[1] == written[0]


def test_an_older_store_gets_the_column_that_it_lacks(start_store: StartStore) -> None:
    child = start_store()
    for _ in range(2):
        telemetry = Telemetry(child.telemetry_url)
        telemetry.ensure_schema()
        telemetry.close()
        described = child.ask("DESCRIBE TABLE logs", database="toban").text
        assert "attributes_sent" in described
        child.told("ALTER TABLE toban.logs MODIFY COLUMN attributes REMOVE DEFAULT")
        child.told("ALTER TABLE toban.logs DROP COLUMN attributes_sent")


def test_a_query_that_wants_too_much_memory_fails_alone(start_store: StartStore) -> None:
    child = start_store("--memory", "700")

    answer = child.ask("SELECT groupArray(number) FROM numbers(200000000)")

    assert answer.headers["x-clickhouse-exception-code"] == "241"
    assert child.told("SELECT 1") == "1"


def test_a_query_that_takes_too_long_is_ended(store: StoreProcess) -> None:
    answer = store.ask(ENDLESS, max_execution_time=1)

    assert answer.headers["x-clickhouse-exception-code"] == "159"


def test_a_query_cannot_raise_its_time_limit(store: StoreProcess) -> None:
    more = store.ask("SELECT 1", max_execution_time=61)
    without_end = store.ask("SELECT 1 SETTINGS max_execution_time = 0")

    assert (more.status_code, without_end.status_code) == (500, 500)


def test_a_second_process_on_the_directory_is_refused_with_the_reason(start_store: StartStore) -> None:
    start_store()

    second = start_store()

    assert second.process.wait(timeout=30) == 1
    complaint = second.errors()
    assert "is open in another process\nHINT: " in complaint
    assert "Traceback" not in complaint


def test_a_store_without_a_secret_is_not_started(tmp_path: Path) -> None:
    without = {name: value for name, value in os.environ.items() if name != "TOBAN_STORE_SECRET"}
    command = [sys.executable, "-m", "toban", "store", "--data", str(tmp_path / "store")]

    ended = subprocess.run(command, env=without, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert "秘密が要ります\nHINT: " in ended.stderr
    assert not (tmp_path / "store").exists()


def test_a_port_in_use_is_reported(start_store: StartStore, tmp_path: Path) -> None:
    first = start_store()

    second = start_store(port=first.port, directory=tmp_path / "other")

    assert second.process.wait(timeout=30) == 1
    complaint = second.errors()
    assert f"ポート {first.port}" in complaint
    assert "Address already in use" in complaint
    assert "Traceback" not in complaint


def test_a_request_that_is_too_large_is_refused(store: StoreProcess) -> None:
    answer = store.ask("SELECT '" + "x" * 64 * 1024**2 + "'")

    assert answer.status_code == 413
    assert "HINT: send smaller batches" in answer.text


def test_the_limit_of_one_query_does_not_apply_to_the_next(store: StoreProcess) -> None:
    limit = "SELECT getSetting('max_execution_time')"

    with ThreadPoolExecutor(8) as askers:
        shorter = list(askers.map(lambda _: store.ask(limit, max_execution_time=7).text.strip(), range(40)))
        own = list(askers.map(lambda _: store.told(limit), range(40)))

    assert (set(shorter), set(own)) == ({"7"}, {"60"})


@pytest.mark.parametrize("name", ["no such thing", "a=1,b", "log_comment"])
def test_an_invalid_setting_is_refused(store: StoreProcess, name: str) -> None:
    answer = store.ask("SELECT 1", **{name: "1"})

    assert answer.status_code == 400
    assert "is not a setting" in answer.text


def test_no_setting_makes_a_thread_refuse_the_next_request(store: StoreProcess) -> None:
    refused = {store.ask("SELECT 1", readonly="2").status_code for _ in range(20)}

    assert refused == {400}
    assert {store.ask("SELECT 1", max_threads="1").status_code for _ in range(20)} == {200}


def test_a_setting_that_the_engine_does_not_know_is_refused_every_time(store: StoreProcess) -> None:
    statuses = {store.ask("SELECT 1", never_heard_of="1").status_code for _ in range(20)}

    assert statuses == {400}
    assert store.told("SELECT 1") == "1"
