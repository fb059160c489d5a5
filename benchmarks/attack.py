"""Health, pings, notifications while every intake is attacked: `python -m benchmarks.attack [--seconds 60]`.

Serves a document with senders, an application and a batch that pings, with a real store, a real worker and a
real mail server. Processes of their own ask `/healthz` and a ping URL ten times a second, and report an alert
every 11 seconds, so that no notification waits to be grouped; first at rest, then while attackers send, all
at once and again and again: an envelope of line feeds (1 KB that become 32 MiB), bombs in every compression,
JSON and protobuf of millions of empty values, deep JSON, bodies as large as allowed, and slow ones: 64
connections of strangers that send a length and one byte. Prints the median and the 99th percentile of the
answers, how long notifications took from the first try to report until the mail, the memory of the server,
and what the attackers were answered.
"""

import asyncio
import gzip
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import click
import cramjam
import httpx
import psutil
import zstandard
from benchmarks.figures import state
from tests.e2e.faults.parts import Mail, Program
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.ingest.served import DOCUMENT, Served, serving

KEY = "0123456789abcdef0123456789abcdef"
TOKEN = "a-token-of-this-benchmark"  # noqa: S105 - it opens nothing
MIB = 1024 * 1024
_MANY = 100
"""Times of which one in a hundred can be told."""
SLOW = 64
APART = 11.0
"""Seconds between two alerts: fewer than six a minute go to the inbox at once."""
BATCHES = """
## バッチ処理
| バッチID | バッチ名 | 実行タイミング |
|---|---|---|
| B001 | 集計 | 毎日 03:00 |
"""
RULES = """
### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 開発担当者 | メール | 即時 |
"""
BINDINGS = """
[channels.mail]
kind = "email"
host = "127.0.0.1"
port = {smtp}
security = "none"
sender = "toban@example.com"

[people."開発担当者"]
name = "江藤 かい"
email = "kai@example.com"

[senders.any]
token = "file:token"
may = ["logs", "metrics", "traces", "alerts"]

[errors.shop]
project = 1
key = "file:key"
rate = 100000

[batches.B001]
kind = "ping"
token = "file:ping"
"""


@dataclass(frozen=True)
class Attack:
    """One request that is sent again and again."""

    name: str
    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def attacks() -> Sequence[Attack]:
    """Return one attack of each sort on each endpoint that reads bodies."""
    sender = {"Authorization": f"Bearer {TOKEN}"}
    sentry = f"/api/1/envelope/?sentry_key={KEY}"
    protobuf = sender | {"Content-Type": "application/x-protobuf"}
    as_json = sender | {"Content-Type": "application/json"}
    feeds = b"{}" + b"\n" * (32 * MIB)
    empties = b"\x0a\x00" * (16 * MIB)
    deep = b"[" * (4 * MIB)
    gzipped, packed = {"Content-Encoding": "gzip"}, {"Content-Encoding": "zstd"}
    brotli = {"Content-Encoding": "br"}
    return [
        Attack("sentry line feeds zstd", sentry, zstandard.compress(feeds), packed),
        Attack("sentry line feeds gzip", sentry, gzip.compress(feeds), gzipped),
        Attack("sentry bomb br", sentry, bytes(cramjam.brotli.compress(feeds, level=3)), brotli),
        Attack("sentry huge", sentry, b"{}\n" + b'{"type":"event"}\n{}\n' * 700_000),
        Attack("sentry deep", sentry, b'{}\n{"type":"event"}\n' + deep[: MIB // 2]),
        Attack("lines bomb", "/ingest/logs", gzip.compress(b"{}\n" * (10 * MIB)), sender | gzipped),
        Attack("lines empties", "/ingest/logs", b"[" + b"{}," * (5 * MIB) + b"{}]", sender),
        Attack("lines deep", "/ingest/logs", deep, sender),
        Attack("otlp logs empties", "/v1/logs", gzip.compress(empties), protobuf | gzipped),
        Attack("otlp logs empties, plain", "/v1/logs", empties[: 15 * MIB], protobuf),
        Attack("otlp traces", "/v1/traces", b'{"resourceSpans":[' + b"{}," * (5 * MIB) + b"{}]}", as_json),
        Attack("otlp metrics empties", "/v1/metrics", empties[: 7 * MIB], protobuf),
        Attack(
            "remote write empties", "/api/v1/write", bytes(cramjam.snappy.compress_raw(empties)),
            sender | {"Content-Encoding": "snappy"},
        ),
        Attack("agent report", "/ingest/metrics", b"[" + b"[]," * (2 * MIB) + b"[]]", sender),
        Attack("alerts", "/api/v2/alerts", b"[" + b"{}," * MIB + b"{}]", sender),
    ]  # fmt: skip


def ask(url: str, seconds: float, told: Any) -> None:
    """Ask *url* and time the answers, in milliseconds."""
    took = []
    until = time.monotonic() + seconds
    with httpx.Client(timeout=60) as client:
        while time.monotonic() < until:
            began = time.perf_counter()
            with suppress(httpx.HTTPError):
                client.get(url)
            took.append(1000 * (time.perf_counter() - began))
            time.sleep(max(0.0, 0.1 - took[-1] / 1000))
    told.send(took)


def report(url: str, mail: Mail, seconds: float, told: Any) -> None:
    """Report alerts to *url* and time each until its mail arrives, in milliseconds."""
    took = []
    until = time.monotonic() + seconds
    mail.start()
    with httpx.Client(timeout=60, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        while time.monotonic() < until:
            began, name = time.perf_counter(), f"alert-{time.time_ns()}"
            alert = {"labels": {"alertname": name, "severity": "critical"}}
            while not accepted(client, f"{url}/api/v2/alerts", [alert]):
                time.sleep(0.1)
            while not mail.with_words(name):
                time.sleep(0.01)
            took.append(1000 * (time.perf_counter() - began))
            time.sleep(max(0.0, APART - took[-1] / 1000))
    mail.stop()
    told.send(took)


def accepted(client: httpx.Client, url: str, body: object) -> bool:
    """Return whether the server has acknowledged *body*."""
    with suppress(httpx.HTTPError):
        return client.post(url, json=body).is_success
    return False


def measured(measures: Mapping[str, Callable[[Any], None]], meanwhile: Callable[[], None]) -> dict[str, Any]:
    """Run each of *measures* in a process of its own *meanwhile*; return what each found."""
    context = multiprocessing.get_context("spawn")
    pipes = {name: context.Pipe() for name in measures}
    processes = [
        context.Process(target=measure, args=(pipes[name][1],)) for name, measure in measures.items()
    ]
    for each in processes:
        each.start()
    meanwhile()
    found = {name: pipe[0].recv() for name, pipe in pipes.items()}
    for each in processes:
        each.join()
    return found


async def attack(url: str, seconds: float) -> Counter[str]:
    """Attack the server at *url* until *seconds* are over; return the answers."""
    answers: Counter[str] = Counter()
    until = time.monotonic() + seconds

    async def again(client: httpx.AsyncClient, each: Attack) -> None:
        while time.monotonic() < until:
            try:
                reply = await client.post(url + each.path, content=each.body, headers=dict(each.headers))
                answers[f"{each.name}: {reply.status_code}"] += 1
            except httpx.HTTPError as error:
                answers[f"{each.name}: {type(error).__name__}"] += 1

    async def slowly() -> None:
        while time.monotonic() < until:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
                head = "POST /api/1/envelope/ HTTP/1.1\r\nHost: toban\r\nContent-Length: 16000000\r\n\r\n{"
                with closing(writer):
                    writer.write(head.encode())
                    line = (await asyncio.wait_for(reader.read(200), seconds)).split(b"\r\n")[0]
                    answers[f"slow stranger: {line.decode()}"] += 1

    async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=200)) as client:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds + 30):
                slow = [asyncio.create_task(slowly()) for _ in range(SLOW)]
                await asyncio.gather(*(again(client, each) for each in attacks() for _ in range(2)))
                for task in slow:
                    task.cancel()
                await asyncio.gather(*slow, return_exceptions=True)
    return answers


def figures(name: str, took: Sequence[float]) -> str:
    """Return one line of the report."""
    percentile = f"p99 {statistics.quantiles(took, n=100)[98]:8.1f} ms" if len(took) >= _MANY else " " * 15
    times = f"median {statistics.median(took):7.1f} ms   {percentile}   longest {max(took):8.1f} ms"
    return f"{name:<22} n={len(took):<5} {times}"


@contextmanager
def watched_over(home: Path, store: str, mail: Mail) -> Iterator[Served]:
    """Serve the document inside the block, with a worker."""
    home.mkdir()
    for name, secret in (("token", TOKEN), ("key", KEY), ("ping", "p" * 40)):
        (home / name).write_text(secret)
    bindings = BINDINGS.format(smtp=mail.port)
    with serving(home, DOCUMENT + RULES + BATCHES, bindings, store) as served:
        command = [sys.executable, "-m", "toban", "worker"]
        worker = Program(command, home / "worker.log", served.environment).start()
        try:
            yield served
        finally:
            worker.kill()


@click.command()
@click.option("--seconds", type=click.IntRange(5), default=60, show_default=True)
def main(seconds: int) -> None:
    """Print health, ping and notification times at rest and under attack."""
    mail, most = Mail(), list[int]()
    answers: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, StoreProcess(Path(folder) / "store") as store:
        store.telemetry.ensure_schema()
        with watched_over(Path(folder) / "home", store.telemetry_url, mail) as served:
            measures = {
                "health": partial(ask, f"{served.url}/healthz", seconds),
                "ping": partial(ask, f"{served.url}/ping/{'p' * 40}/log", seconds),
                "notification": partial(report, served.url, mail, seconds),
            }
            # The first notification waits until the worker has taken the lead.
            measured({"first": partial(report, served.url, mail, 1)}, lambda: None)
            rest = measured(measures, lambda: time.sleep(seconds))

            def attacked() -> None:
                answers.update(asyncio.run(attack(served.url, seconds)))
                most.append(psutil.Process(served.process.pid).memory_full_info().rss)

            under = measured(measures, attacked)
    for when, found in (("at rest", rest), ("under attack", under)):
        for what, took in found.items():
            print(figures(f"{what} {when}", took))
            state(f"{what} {when}, median", statistics.median(took), "ms")
    print(f"memory after the attack: {most[0] / MIB:.0f} MiB")
    print(json.dumps(dict(sorted(answers.items())), indent=1))


if __name__ == "__main__":
    main()
