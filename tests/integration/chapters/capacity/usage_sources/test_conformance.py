"""Every registered kind of usage source with the same failures: what no source may get wrong.

A new kind adds its rig to `RIGS`, and nothing else here. A `group` is counted by its scaler.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration import buckets
from tests.integration.chapters.capacity.usage_sources.cloud import GIB, client, put
from tests.integration.stranger import Stranger
from tests.registered import kinds

from toban.chapters.capacity.usage import (
    USAGE_KINDS,
    HasHistory,
    UsageKind,
    UsageReading,
    UsageSite,
    UsageSource,
    UsageUnknown,
)
from toban.design.values.metric import Metric
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import Telemetry

KINDS: Mapping[str, UsageKind] = {name: kind for name, kind in kinds(USAGE_KINDS).items() if name != "group"}
SECRET = "very-secret-indeed"
REFERENCE = "env:THE_SECRET"
PATIENCE = 1
"""Timeout in seconds; one test per kind waits until it ends."""

type Fixtures = Callable[[str], Any]
type Written = Mapping[str, object]


@dataclass(frozen=True)
class Rig:
    """A kind of usage source, bound to a server at an address."""

    written: Callable[[str], Written]
    """The keys of a source in `toban.toml` for the address."""
    well: Callable[[Fixtures], str]
    """Prepares a server that yields a value, and returns its address."""
    secret: Callable[[str], str] = lambda _address: SECRET
    """The value of `env:THE_SECRET`."""
    asks: bool = True
    """Whether the source sends requests over the network, where a server may be away or answer nonsense."""


def of_aws(**written: str) -> Callable[[str], Written]:
    return lambda address: {
        "region": "ap-northeast-1",
        "endpoint_url": f"http://{address}",
        "access_key": REFERENCE,
        "secret_key": REFERENCE,
        "timeout": PATIENCE,
        **written,
    }


def rds(fixtures: Fixtures) -> str:
    url = str(fixtures("moto"))
    with suppress(client("rds", url).exceptions.DBInstanceAlreadyExistsFault):
        client("rds", url).create_db_instance(
            DBInstanceIdentifier="conforming",
            Engine="postgres",
            DBInstanceClass="db.m5.large",
            AllocatedStorage=100,
            MasterUsername="toban",
            MasterUserPassword="hunter22",
        )
    at = datetime.now(UTC) - timedelta(minutes=3)
    put(url, "AWS/RDS", "FreeStorageSpace", {"DBInstanceIdentifier": "conforming"}, {at: 30.0 * GIB})
    return url.removeprefix("http://")


def autoscaling(fixtures: Fixtures) -> str:
    url = str(fixtures("moto"))
    scaling = client("autoscaling", url)
    with suppress(scaling.exceptions.AlreadyExistsFault):
        scaling.create_launch_configuration(
            LaunchConfigurationName="conforming", ImageId="ami-12c6146b", InstanceType="t3.micro"
        )
        scaling.create_auto_scaling_group(
            AutoScalingGroupName="conforming",
            LaunchConfigurationName="conforming",
            MinSize=1,
            MaxSize=2,
            AvailabilityZones=["ap-northeast-1a"],
        )
    return url.removeprefix("http://")


def bucket(fixtures: Fixtures) -> str:
    server = fixtures("ministack")
    name = "conforming"
    server.client().create_bucket(Bucket=name)
    server.client().put_object(Bucket=name, Key="a", Body=b"x")
    return str(server.url).removeprefix("http://")


def prometheus(fixtures: Fixtures) -> str:
    answer = b'{"status": "success", "data": {"resultType": "scalar", "result": [1, "42"]}}'
    server = fixtures("http_server")
    server.answer = lambda handler: handler.reply(200, answer)
    return f"127.0.0.1:{server.server_port}"


def store(fixtures: Fixtures) -> str:
    running = fixtures("store")
    at = datetime.now(UTC) - timedelta(seconds=30)
    running.telemetry.write([Sample(Metric.UP, "Web", "web-1", at, 1.0)], token=f"conforming {at}")
    return str(running.telemetry_url)


RIGS: Mapping[str, Rig] = {
    "storage": Rig(lambda _address: {"path": "/", "timeout": PATIENCE}, lambda _fixtures: "", asks=False),
    "postgresql": Rig(
        lambda _address: {"dsn": REFERENCE, "timeout": PATIENCE},
        lambda fixtures: str(fixtures("postgres_dsn")),
        secret=lambda address: address if "://" in address else f"postgresql://toban:{SECRET}@{address}/shop",
    ),
    "rds": Rig(of_aws(instance="conforming"), rds),
    "autoscaling": Rig(of_aws(group="conforming"), autoscaling),
    "s3": Rig(
        lambda address: {
            "bucket": "conforming",
            "region": "us-east-1",
            "endpoint": f"http://{address}",
            "access_key": REFERENCE,
            "secret_key": REFERENCE,
            "timeout": PATIENCE,
        },
        bucket,
    ),
    "instances": Rig(lambda _address: {"target": "Web"}, store),
    "logs": Rig(lambda _address: {}, store),
    "prometheus": Rig(
        lambda address: {
            "url": f"http://{address}/?key={SECRET}",
            "used": "x",
            "bearer_token": REFERENCE,
            "timeout": PATIENCE,
        },
        prometheus,
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
    def kind(self) -> UsageKind:
        return KINDS[self.name]

    def config(self, address: str) -> Any:
        """Return the kind's config, bound to *address*."""
        self.fixtures("monkeypatch").setenv("THE_SECRET", self.rig.secret(address))
        return self.kind.config.model_validate(self.rig.written(address))

    def source(self, address: str) -> UsageSource:
        url = address if "://" in address else f"http://toban:{SECRET}@{address or '127.0.0.1:9'}/toban"
        telemetry = Telemetry(url) if url.startswith("http") else Telemetry("http://127.0.0.1:9")
        site = UsageSite("DB", Path(), telemetry, edition=None)  # type: ignore[arg-type] # they need none
        source: UsageSource = self.kind.open(self.config(address), site)
        return source


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Bench:
    return Bench(request.param, RIGS[request.param], request.getfixturevalue)


@pytest.fixture
def ministack(tmp_path: Path) -> Iterator[buckets.S3Server]:
    """A server of its own: others make buckets of that name, too."""
    server = buckets.ministack(tmp_path)
    server.start()
    yield server
    server.stop()


every_kind = pytest.mark.parametrize("bench", sorted(KINDS), indirect=True)
every_asking_kind = pytest.mark.parametrize("bench", ASKING, indirect=True)


@pytest.fixture(autouse=True)
def nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No log line from level INFO on may contain the secret, whatever a test does."""
    caplog.set_level(logging.INFO)
    yield
    assert SECRET not in "\n".join(record.getMessage() for record in caplog.get_records("call"))


def told_by(source: UsageSource) -> str:
    """Measure a failing source, and ask for its past if it has one; return what it says."""
    now = datetime.now(UTC)
    said = []
    with pytest.raises(UsageUnknown) as unknown:
        source.measure(now)
    said.append(str(unknown.value))
    if isinstance(source, HasHistory):
        with pytest.raises(UsageUnknown) as unknown:
            source.history(now - timedelta(days=3), now)
        said.append(str(unknown.value))
    source.close()
    assert all(said)
    assert SECRET not in "\n".join(said)
    return said[0]


@every_kind
def test_a_source_measures_an_amount_in_its_unit(bench: Bench) -> None:
    address = bench.rig.well(bench.fixtures)
    source = bench.source(address)

    found = source.measure(datetime.now(UTC))
    source.close()

    assert isinstance(found, UsageReading)
    assert math.isfinite(found.used)
    assert found.used >= 0
    assert found.limit is None or found.limit > 0
    assert all(part >= 0 for part in found.parts.values())
    config = bench.config(address)
    assert bench.kind.is_storage(config) is (bench.kind.unit(config) == "B")


@every_kind
def test_opening_connects_to_nothing_and_closing_twice_is_harmless(bench: Bench) -> None:
    unused = bench.source("127.0.0.1:9")
    unused.close()
    unused.close()

    used = bench.source(bench.rig.well(bench.fixtures))
    used.measure(datetime.now(UTC))
    used.close()
    used.close()


@every_kind
def test_what_init_proposes_is_valid(bench: Bench) -> None:
    config: Any = bench.kind.config

    proposed = config.model_validate(dict(config.example))

    assert bench.kind.unit(proposed) in ("B", "")


@pytest.mark.parametrize("bench", IN_TIME, indirect=True)
def test_a_silent_server_is_abandoned_after_the_timeout(bench: Bench, stranger: Stranger) -> None:
    before = time.monotonic()

    assert told_by(bench.source(stranger.address))

    assert time.monotonic() > before + PATIENCE * 0.9


@every_asking_kind
def test_a_refused_connection_is_reported_with_a_way_out(bench: Bench) -> None:
    assert "HINT: " in told_by(bench.source("127.0.0.1:9"))


@every_asking_kind
def test_a_nonsense_answer_is_reported(bench: Bench, stranger: Stranger) -> None:
    stranger.answer = lambda _asked: b"\x00\xff\xfenonsense\r\n\r\n" * 50

    assert told_by(bench.source(stranger.address))


@every_asking_kind
def test_an_answer_that_quotes_the_request_reveals_no_secret(bench: Bench, stranger: Stranger) -> None:
    head = b"HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n"
    stranger.answer = lambda asked: head + asked

    assert told_by(bench.source(stranger.address))
