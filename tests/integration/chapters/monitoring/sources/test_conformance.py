"""Every registered kind of source with the same failures: what no source may get wrong.

A new kind adds its rig to `RIGS`, and nothing else here.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.forking import run
from tests.integration.chapters.monitoring.sources.test_cloudwatch import put
from tests.integration.stranger import Stranger
from tests.registered import kinds
from tests.telemetry_rows import LogRow, SpanRow, batch_of

from toban.chapters.monitoring.measuring.board import MeasuringBoard
from toban.chapters.monitoring.measuring.feeds import Feed
from toban.chapters.monitoring.pushing.arrivals import Inbox, receive
from toban.chapters.monitoring.pushing.pushed import PushedValues
from toban.chapters.monitoring.source import SOURCE_KINDS, Measurement, Source, SourceKind, Unmeasurable
from toban.chapters.monitoring.sources.own_store import own_store
from toban.chapters.monitoring.sources.pushed.source import PushedSource
from toban.design.values.metric import Metric
from toban.engine.bindings.model import KindBinding
from toban.engine.clock import system_clock
from toban.engine.telemetry.logs.rows import LogStore, key_of
from toban.engine.telemetry.spans.rows import NANOSECONDS, SpanStore

pytestmark = pytest.mark.django_db

KINDS: Mapping[str, SourceKind] = kinds(SOURCE_KINDS)
SECRET = "very-secret-indeed"
REFERENCE = "env:THE_SECRET"
PATIENCE = 1
"""Timeout in seconds; one test per kind waits until it ends."""
SERVICE = "shop"
DOCUMENT = """# 運用設計書

## 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| web | CPU使用率 | 0-60% | 70% | 85% | 1分 |
"""

type Fixtures = Callable[[str], Any]
type Written = Mapping[str, object]


@dataclass(frozen=True)
class Rig:
    """A kind of source, bound to a server at an address."""

    written: Callable[[str, Fixtures], Written]
    """The keys of a source in `toban.toml` for the address."""
    well: Callable[[Fixtures], str]
    """Prepares a server that yields at least one value, and returns its address."""
    secret: Callable[[str], str] = lambda _address: SECRET
    """The value of `env:THE_SECRET`."""
    asks: bool = True
    """Whether the source sends requests over the network, where a server may be away or answer nonsense."""
    build: Callable[[Any], Source] | None = None
    """Builds the source if that needs more than its config."""


def over_http(answer: Callable[[], bytes], written: Callable[[str], Written]) -> Rig:
    """Return the rig of a kind that works when it gets a 200 with *answer*."""

    def well(fixtures: Fixtures) -> str:
        server = fixtures("http_server")
        server.answer = lambda handler: handler.reply(200, answer())
        return f"127.0.0.1:{server.server_port}"

    return Rig(lambda address, _fixtures: written(address), well)


def of_own_store(**written: object) -> Rig:
    """Return the rig of a kind that reads the logs and spans sent to Toban."""

    def well(fixtures: Fixtures) -> str:
        at = datetime.now(UTC) - timedelta(seconds=40)
        day = (at + timedelta(hours=9)).date().isoformat()
        row = LogRow(
            "access", day, at.timestamp(), "INFO", SERVICE, "", "", "", "", "", "", "GET", "/", 200,
            20.0, {}, "nginx", 1,
        )  # fmt: skip
        start, duration = int(at.timestamp()) * NANOSECONDS, 20_000_000
        span = SpanRow(
            day, start, duration, "1" * 32, "1" * 16, "", SERVICE, "GET /", "SERVER", "", "", "GET", "/", 200,
            "", "{}", "{}", "[]", "[]", "collector", 1,
        )  # fmt: skip
        store = fixtures("store")
        LogStore(store.telemetry).write(batch_of(key_of("nginx", "", str(at).encode()), [row]))
        SpanStore(store.telemetry).write(batch_of(key_of("collector", "", str(at).encode()), [span]))
        return str(store.telemetry_url)

    return Rig(lambda _address, _fixtures: written, well)


def exposition() -> bytes:
    return b"node_memory_MemTotal_bytes 100\nnode_memory_MemAvailable_bytes 50\n"


def of_datadog() -> bytes:
    now = datetime.now(UTC).timestamp() * 1000
    series = {"query_index": 0, "tag_set": [], "pointlist": [[now - 40_000, 42.0]], "interval": 20}
    return json.dumps({"status": "ok", "to_date": now, "series": [series]}).encode()


def of_newrelic() -> bytes:
    return json.dumps({"data": {"actor": {"account": {"q0": {"results": [{"value": 42.5}]}}}}}).encode()


def tls(fixtures: Fixtures) -> str:
    server = fixtures("start_tls")(fixtures("authority").issue_cert("127.0.0.1"))
    return f"127.0.0.1:{server.port}"


def redis(fixtures: Fixtures) -> str:
    return f"127.0.0.1:{fixtures('start_redis')('--requirepass', SECRET)}"


def postgresql(address: str) -> str:
    return address if "://" in address else f"postgresql://toban:{SECRET}@{address}/shop"


def cloudwatch(fixtures: Fixtures) -> str:
    url = str(fixtures("moto"))
    put(url, "AWS/EC2", {"InstanceId": "i-0123456789abcdef0"}, CPUUtilization=42.0, StatusCheckFailed=0.0)
    return url.removeprefix("http://")


def pushing(_fixtures: Fixtures) -> str:
    at = datetime.now(UTC) - timedelta(seconds=5)
    receive("agent", [PushedValues("web-1", at, values=[(Metric.CPU_USAGE, "", 42.0)])], at)
    return ""


RIGS: Mapping[str, Rig] = {
    "prometheus": over_http(
        exposition,
        lambda address: {
            "url": f"http://{address}/metrics?key={SECRET}",
            "bearer_token": REFERENCE,
            "timeout": PATIENCE,
        },
    ),
    "http": over_http(
        bytes,
        lambda address: {
            "url": f"http://{address}/health?key={SECRET}",
            "username": "toban",
            "password": REFERENCE,
            "timeout": PATIENCE,
        },
    ),
    "tcp": Rig(
        lambda address, fixtures: {
            "address": address,
            "tls": True,
            "ca_file": str(fixtures("ca_file")),
            "timeout": PATIENCE,
        },
        tls,
    ),
    "postgresql": Rig(
        lambda _address, _fixtures: {"dsn": REFERENCE, "timeout": PATIENCE},
        lambda fixtures: str(fixtures("postgres_dsn")),
        secret=postgresql,
    ),
    "redis": Rig(
        lambda address, _fixtures: {
            "address": address,
            "username": "default",
            "password": REFERENCE,
            "timeout": PATIENCE,
        },
        redis,
    ),
    "host": Rig(lambda _address, _fixtures: {}, lambda _fixtures: "", asks=False),
    "folder": Rig(
        lambda _address, fixtures: {"path": str(fixtures("tmp_path")), "size": "1GB"},
        lambda _fixtures: "",
        asks=False,
    ),
    "pushed": Rig(
        lambda _address, _fixtures: {"sender": "agent", "instance": "web-1"},
        pushing,
        asks=False,
        build=lambda config: PushedSource(config, lambda: Inbox(system_clock)),
    ),
    "access_log": of_own_store(service=SERVICE),
    "traces": of_own_store(service=SERVICE),
    "logs": of_own_store(query=f"service:{SERVICE}"),
    "cloudwatch": Rig(
        lambda address, _fixtures: {
            "region": "ap-northeast-1",
            "endpoint_url": f"http://{address}",
            "access_key": REFERENCE,
            "secret_key": REFERENCE,
            "ec2": "i-0123456789abcdef0",
            "timeout": PATIENCE,
        },
        cloudwatch,
    ),
    "datadog": over_http(
        of_datadog,
        lambda address: {
            "host": "web-1",
            "api_key": REFERENCE,
            "application_key": REFERENCE,
            "endpoint_url": f"http://{address}",
            "timeout": PATIENCE,
        },
    ),
    "newrelic": over_http(
        of_newrelic,
        lambda address: {
            "host": "web-1",
            "account": 1,
            "api_key": REFERENCE,
            "endpoint_url": f"http://{address}",
            "timeout": PATIENCE,
        },
    ),
}
ASKING = sorted(name for name in KINDS if name not in RIGS or RIGS[name].asks)
IN_TIME = [name for name in ASKING if "timeout" in KINDS[name].config.model_fields]


@dataclass(frozen=True)
class Bench:
    """A kind on the test bench."""

    name: str
    rig: Rig
    fixtures: Fixtures

    @property
    def kind(self) -> SourceKind:
        return KINDS[self.name]

    def config(self, address: str, **more: object) -> Any:
        """Return the kind's config, bound to *address*."""
        patch = self.fixtures("monkeypatch")
        patch.setenv("THE_SECRET", self.rig.secret(address))
        is_url = "://" in address
        patch.setenv("TOBAN_TELEMETRY_URL", address if is_url else f"http://toban:{SECRET}@{address}/toban")
        return self.kind.config.model_validate({**self.rig.written(address, self.fixtures), **more})

    def source(self, address: str) -> Source:
        config = self.config(address)
        return (self.rig.build or self.kind.build)(config)


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    own_store.cache_clear()
    yield Bench(request.param, RIGS[request.param], request.getfixturevalue)
    own_store.cache_clear()


every_kind = pytest.mark.parametrize("bench", sorted(KINDS), indirect=True)
every_asking_kind = pytest.mark.parametrize("bench", ASKING, indirect=True)


@pytest.fixture(autouse=True)
def nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No log line from level INFO on may contain the secret, whatever a test does."""
    caplog.set_level(logging.INFO)
    yield
    assert SECRET not in "\n".join(record.getMessage() for record in caplog.get_records("call"))


def told_by(bench: Bench, source: Source) -> str:
    """Measure a failing source, check everything it reports for secrets, and return its error."""
    said, measured = "", tuple[Measurement, ...]()
    try:
        measured = tuple(source.measure(datetime.now(UTC)))
    except Unmeasurable as error:
        said, measured = str(error), tuple(error.measured)
    source.close()
    told = [said, *(f"{each.instance} {each.note}" for each in measured)]
    assert SECRET not in "\n".join(told)
    assert {each.metric for each in measured} <= bench.kind.able(bench.config("127.0.0.1:9"))
    assert all(each.value == 0 for each in measured if each.metric is Metric.UP)
    return said


def measured_by(source: Source, now: datetime) -> Sequence[Measurement]:
    """Return the measurements, even if some are missing."""
    try:
        return source.measure(now)
    except Unmeasurable as error:
        return error.measured


@every_kind
def test_a_source_measures_what_it_claims_and_names_its_place(bench: Bench) -> None:
    address = bench.rig.well(bench.fixtures)
    source, now = bench.source(address), datetime.now(UTC)

    # Rates come with the second reading.
    found = [*measured_by(source, now), *measured_by(source, now + timedelta(seconds=15))]
    source.close()

    assert found
    assert {each.metric for each in found} <= bench.kind.able(bench.config(address))
    assert all(each.instance.startswith(source.instance) for each in found)
    assert all(each.at.utcoffset() == timedelta() for each in found)


@every_kind
def test_the_name_of_a_source_contains_no_secret(bench: Bench) -> None:
    source = bench.source("127.0.0.1:9")
    source.close()

    assert source.instance
    assert SECRET not in source.instance


@every_kind
def test_closing_twice_is_harmless_before_and_after_measuring(bench: Bench) -> None:
    unused = bench.source("127.0.0.1:9")
    unused.close()
    unused.close()

    used = bench.source(bench.rig.well(bench.fixtures))
    measured_by(used, datetime.now(UTC))
    used.close()
    used.close()


@every_kind
def test_a_source_stays_open_while_its_config_is_unchanged(bench: Bench) -> None:
    """A config may contain a dict, and need not be hashable."""
    board = MeasuringBoard(KINDS, system_clock)

    def feed(period: int) -> Feed:
        return Feed(
            "web", KindBinding(bench.name, bench.config("127.0.0.1:9"), period), timedelta(seconds=period)
        )

    board.adopt([feed(15)])
    (before,) = board.slots
    board.adopt([feed(30)])

    assert board.slots == [before]
    board.close()


@pytest.mark.parametrize("bench", IN_TIME, indirect=True)
def test_a_silent_server_is_abandoned_after_the_timeout(bench: Bench, stranger: Stranger) -> None:
    assert told_by(bench, bench.source(stranger.address))


@every_asking_kind
def test_a_refused_connection_is_reported(bench: Bench) -> None:
    assert told_by(bench, bench.source("127.0.0.1:9"))


@every_asking_kind
def test_a_nonsense_answer_is_reported(bench: Bench, stranger: Stranger) -> None:
    stranger.answer = lambda _asked: b"\x00\xff\xfenonsense\r\n\r\n" * 50

    assert told_by(bench, bench.source(stranger.address))


@every_asking_kind
def test_an_answer_that_quotes_the_request_reveals_no_secret(bench: Bench, stranger: Stranger) -> None:
    head = b"HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n"
    stranger.answer = lambda asked: head + asked

    told_by(bench, bench.source(stranger.address))


def test_check_live_raises_a_doubt_for_every_kind_of_source_that_does_not_answer(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    fixtures, design, bindings = request.getfixturevalue, tmp_path / "design.md", tmp_path / "toban.toml"
    design.write_text(DOCUMENT, encoding="utf-8")
    tables = [
        "\n".join(
            [
                '[[targets."web".sources]]',
                f'kind = "{name}"',
                *(f"{key} = {json.dumps(value)}" for key, value in written.items()),
            ]
        )
        for name in ASKING
        for written in [RIGS[name].written("127.0.0.1:9", fixtures)]
    ]
    bindings.write_text("\n\n".join(tables), encoding="utf-8")

    found = run(
        ["-m", "toban", "check", design, "--bindings", bindings, "--live"],
        env={
            **os.environ,
            "THE_SECRET": SECRET,
            "TOBAN_TELEMETRY_URL": f"http://toban:{SECRET}@127.0.0.1:9/toban",
        },
    )

    doubted = {name for name in ASKING if f'kind = "{name}"' in _live(found.stdout)}
    assert doubted == set(ASKING), found.stdout + found.stderr
    assert SECRET not in found.stdout + found.stderr


def _live(told: str) -> str:
    return "\n".join(block for block in told.split("\n\n") if ": LV002 " in block)


def test_every_registered_source_is_tested_here() -> None:
    assert set(RIGS) == set(KINDS)
