"""What the telemetry store ingests, how compactly it stores it, and how fast it answers.

Run: python -m benchmarks.telemetry
"""

import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import clickhouse_connect
import psutil
from benchmarks.figures import state
from clickhouse_connect.driver.client import Client

from toban.design.values.metric import Metric
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import Telemetry

METHOD = """Method: the real `toban store` with its durable settings (every insert is synced before it is
acknowledged), asked through the same client as Toban asks. Samples are made before the clock starts; writing
them includes their encoding. A series is a random walk with one decimal, every 15 s. Bytes per sample are the
compressed columns after all merges. Answers are the median and the worst of {asked} on a warm store."""
ASKED = 30
TARGETS = 50
EVERY = timedelta(seconds=15)
END = datetime(2026, 11, 25, tzinfo=UTC)
SHORT = timedelta(days=1)
LONG = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Store:
    """A running store for the benchmark only."""

    process: psutil.Process
    port: int
    secret: str

    def telemetry(self) -> Telemetry:
        """Return a client."""
        return Telemetry(f"http://toban:{self.secret}@127.0.0.1:{self.port}/toban")

    def client(self) -> Client:
        """Return a client for what `Telemetry` does not offer."""
        return clickhouse_connect.get_client(
            host="127.0.0.1", port=self.port, username="toban", password=self.secret, database="toban"
        )


@contextmanager
def running(home: Path) -> Iterator[Store]:
    """Start a store in *home*, and stop it."""
    secret = secrets.token_urlsafe()
    command = [sys.executable, "-m", "toban", "store", "--data", str(home)]
    with subprocess.Popen(
        command, env={**os.environ, "TOBAN_STORE_SECRET": secret}, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline().rpartition(":")[2])
            yield Store(psutil.Process(process.pid), port, secret)
        finally:
            process.terminate()


def walk(target: str, start: datetime, end: datetime) -> list[Sample]:
    """Return one series from *start* to *end*."""
    chance = Random(target)  # noqa: S311 - figures, no secret
    value = 40.0
    samples = []
    for number in range((end - start) // EVERY):
        value = min(max(value + chance.gauss(0, 1.5), 0), 100)
        samples.append(
            Sample(Metric.CPU_USAGE, target, "web-1:9100", start + number * EVERY, round(value, 1))
        )
    return samples


def rows_per_second(store: Store, series: list[list[Sample]], batch: int, writers: int) -> float:
    """Write *series* in turns, as a sampler does, in batches of *batch* by *writers* parallel threads."""
    samples = [sample for moment in zip(*series, strict=True) for sample in moment]
    batches = [samples[first : first + batch] for first in range(0, len(samples), batch)]
    telemetry = store.telemetry()
    began = time.perf_counter()
    with ThreadPoolExecutor(writers) as threads:
        list(threads.map(lambda rows: telemetry.write(rows, token=secrets.token_hex(8)), batches))
    took = time.perf_counter() - began
    telemetry.close()
    return len(samples) / took


def answers(ask: Callable[[], object]) -> str:
    """Return median and worst response time, in milliseconds."""
    ask()
    times = []
    for _ in range(ASKED):
        began = time.perf_counter()
        ask()
        times.append((time.perf_counter() - began) * 1000)
    return f"{statistics.median(times):7.1f} ms  worst {max(times):.1f} ms"


def measure_writing(store: Store) -> None:
    """Print rows per second by batch size and number of writers."""
    day = END - SHORT
    for batch, writers in ((1_000, 1), (10_000, 1), (1_000, 4), (10_000, 4)):
        series = [walk(f"{batch}/{writers}/{number}", day, END) for number in range(TARGETS)]
        rate = rows_per_second(store, series, batch, writers)
        print(f"writing, batches of {batch:6,} by {writers} writer(s)  {rate:10,.0f} rows/s")
        state(f"batches of {batch:,} by {writers}", rate, "rows/s")


def measure_reading(store: Store) -> None:
    """Print the response times of the pages' queries."""
    telemetry = store.telemetry()
    telemetry.write(walk("long", END - LONG, END), token=secrets.token_hex(8))
    keys = [(f"1000/1/{number}", Metric.CPU_USAGE) for number in range(TARGETS)]
    for name, ask in (
        ("one series, 24 h in 300 points", lambda: telemetry.series(*SERIES, END - SHORT, END, 300)),
        ("one series, 90 d in 300 points", lambda: telemetry.series(*SERIES, END - LONG, END, 300)),
        (
            f"{TARGETS} sparklines, 24 h in 60 points",
            lambda: telemetry.sparklines(keys, END - SHORT, END, 60),
        ),
        ("the latest value of one series", lambda: telemetry.latest("long", Metric.CPU_USAGE)),
    ):
        print(f"{name:40}  {answers(ask)}")
    telemetry.close()


SERIES = (Metric.CPU_USAGE, "long", None)
SIZE = """SELECT sum(data_compressed_bytes) / (SELECT count() FROM samples)
FROM system.parts WHERE active AND database = 'toban' AND table = {table:String}"""


def measure_size(store: Store) -> None:
    """Print how much disk space a sample takes after all merges."""
    for table in ("samples", "samples_5m"):
        store.client().command(f"OPTIMIZE TABLE {table} FINAL")
        figure = store.client().query(SIZE, parameters={"table": table}).result_rows[0][0]
        print(f"{table:10}  {figure:6.2f} bytes per sample")
        state(f"a sample in {table}", figure, "bytes")


def main() -> None:
    """Print all figures."""
    print(METHOD.format(asked=ASKED), end="\n\n")
    with tempfile.TemporaryDirectory() as home, running(Path(home)) as store:
        store.telemetry().ensure_schema()
        print(f"idle memory  {store.process.memory_info().rss / 1024**2:.0f} MiB")
        measure_writing(store)
        measure_reading(store)
        measure_size(store)
        print(f"memory afterwards  {store.process.memory_info().rss / 1024**2:.0f} MiB")


if __name__ == "__main__":
    main()
