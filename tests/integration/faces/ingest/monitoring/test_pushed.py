"""Metrics pushed to a real server: by a real Prometheus, by OTLP, and by `toban agent`."""

import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest
from tests import asking
from tests.forking import run
from tests.integration.faces.ingest.served import Served, serving
from tests.ports import free_port

from toban.chapters.monitoring.sources.host.source import HostConfig, HostSource
from toban.faces.agent.client import new_client
from toban.faces.agent.readings import Agent, Spool

TOKEN = "metrics-token-of-this-test"
BINDINGS = """
[senders.push]
token = "file:token"
may = ["metrics"]
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(_home(tmp_path_factory.mktemp("pushed")), bindings=BINDINGS) as running:
        yield running


def _home(folder: Path) -> Path:
    (folder / "token").write_text(TOKEN)
    (folder / "token").chmod(0o600)
    return folder


def arrived(served: Served, instance: str) -> list[tuple[str, ...]]:
    """Return what has arrived from *instance*: series names and metrics."""
    found = served.act("arrived", instance)
    return [tuple(each) for each in found]


def await_arrival(served: Served, instance: str, wanted: str) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if any(wanted in names for names in arrived(served, instance)):
            return
        time.sleep(0.5)
    raise AssertionError(f"{wanted} of {instance} has not arrived")


def post(served: Served, path: str, body: bytes, **headers: str) -> httpx.Response:
    shown = {"authorization": f"Bearer {TOKEN}", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return asking.post(f"{served.url}{path}", content=body, headers=shown)


@pytest.mark.parametrize("path", ["/api/v1/write", "/v1/metrics", "/ingest/metrics"])
def test_unauthenticated_invalid_and_oversized_requests_get_different_statuses(
    served: Served, path: str
) -> None:
    assert asking.post(f"{served.url}{path}", content=b"x").status_code == 401
    assert post(served, path, b"\xff\xfe").status_code == 400
    assert post(served, path, b"x" * (8 * 1024 * 1024 + 1)).status_code == 413


def test_a_report_of_too_many_values_is_refused_and_says_how_to_send_them(served: Served) -> None:
    values = [["disk_usage_percent", f"/mnt/{number}", 1.0] for number in range(500)]
    at = datetime.now(UTC).isoformat()
    report = {"instance": "web-3", "readings": [{"at": at, "values": values}] * 60}

    reply = post(served, "/ingest/metrics", json.dumps(report).encode())

    assert reply.status_code == 413
    assert reply.text == "more than 20000 values in one report: send fewer readings at once\n"


def test_otlp_in_json_is_answered_in_json(served: Served) -> None:
    point = {"timeUnixNano": "1775044800000000000", "asDouble": 0.41,
             "attributes": [{"key": "state", "value": {"stringValue": "used"}}]}  # fmt: skip
    export = {
        "resourceMetrics": [
            {
                "resource": {"attributes": [{"key": "host.name", "value": {"stringValue": "otel-1"}}]},
                "scopeMetrics": [
                    {"metrics": [{"name": "system.memory.utilization", "gauge": {"dataPoints": [point]}}]}
                ],
            }
        ]
    }

    body = gzip.compress(json.dumps(export).encode())
    reply = post(served, "/v1/metrics", body, content_type="application/json", content_encoding="gzip")

    assert (reply.status_code, reply.json()) == (200, {})
    assert arrived(served, "otel-1") == [("memory_usage_percent",)]


def test_a_gzip_bomb_is_not_unpacked(served: Served) -> None:
    bomb = gzip.compress(bytes(64 * 1024 * 1024))

    assert post(served, "/v1/metrics", bomb, content_encoding="gzip").status_code == 413


def test_truncated_or_deeply_nested_bodies_are_refused(served: Served) -> None:
    cut_off = gzip.compress(b"{}" * 1000)[:-12]
    nested = b"[" * 200_000

    assert post(served, "/ingest/metrics", cut_off, content_encoding="gzip").status_code == 400
    assert post(served, "/ingest/metrics", nested).status_code == 400


@pytest.mark.parametrize(
    ("at", "why"),
    [("2999-01-01T00:00:00+09:00", "is ahead of this"), ("1970-01-01T00:00:09Z", "is long ago by this")],
)
def test_an_impossible_time_is_answered_with_a_conflict_and_the_servers_time(
    served: Served, at: str, why: str
) -> None:
    reading = {"at": at, "values": [["cpu_usage_percent", "", 3]]}
    reply = post(
        served, "/ingest/metrics", json.dumps({"instance": "fast-1", "readings": [reading]}).encode()
    )

    assert reply.status_code == 409
    assert f"{why} server's clock" in reply.text
    assert abs(parsedate_to_datetime(reply.headers["date"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert arrived(served, "fast-1") == []


@pytest.mark.parametrize("off", [timedelta(hours=1), timedelta(days=-400)], ids=str)
def test_an_agent_with_a_wrong_clock_sends_readings_with_the_servers_time(
    served: Served, tmp_path: Path, off: timedelta
) -> None:
    name = f"wrong-{off.days}"
    spool = Spool(tmp_path, most=9)
    with new_client(served.url, TOKEN, None) as client:
        agent = Agent(
            HostSource(HostConfig(instance=name)), spool, client, name, lambda: datetime.now(UTC) + off
        )
        for _ in range(3):
            agent.look()
            assert str(agent.send()) == ""

    assert len(spool) == 0
    assert len(arrived(served, name)) == 3


def test_names_with_a_lone_surrogate_are_refused(served: Served) -> None:
    reply = post(served, "/ingest/metrics", rb'{"instance": "web-\ud800", "readings": [%s]}' % _reading())

    assert reply.status_code == 400


def test_text_that_postgresql_cannot_store_is_refused_permanently(
    postgres: Mapping[str, str], tmp_path: Path
) -> None:
    state = {name: postgres[name] for name in ("TOBAN_STATE_URL", "PGHOST")}
    report = rb'{"instance": "web-\u0000", "readings": [%s]}' % _reading()

    with serving(_home(tmp_path), bindings=BINDINGS, state=state) as on_postgresql:
        reply = post(on_postgresql, "/ingest/metrics", report)

    assert (reply.status_code, reply.text) == (400, "the state database can't hold these texts\n")


def _reading() -> bytes:
    return json.dumps(
        {"at": datetime.now(UTC).isoformat(), "values": [["cpu_usage_percent", "", 3]]}
    ).encode()


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found is not None
    return found


def agent(served: Served, spool: Path, *more: str, url: str = "") -> subprocess.CompletedProcess[str]:
    return run(
        ["-m", "toban", "agent", "--url", url or served.url, "--instance", "web-9",
         "--spool", spool, "--once", *more],
        env={**os.environ, "TOBAN_AGENT_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1"},
    )  # fmt: skip


def test_an_agent_sends_current_and_spooled_readings_of_its_host(served: Served, tmp_path: Path) -> None:
    away = agent(served, tmp_path, url=f"http://127.0.0.1:{free_port()}")
    assert away.returncode == 1
    assert "届きません" in away.stdout
    assert len(list(tmp_path.glob("*.json"))) == 2

    back = agent(served, tmp_path)

    assert (back.returncode, list(tmp_path.glob("*.json"))) == (0, [])
    assert len(arrived(served, "web-9")) == 4
    assert "cpu_usage_percent" in arrived(served, "web-9")[-1]


def test_an_agent_with_a_wrong_token_keeps_its_readings(served: Served, tmp_path: Path) -> None:
    wrong = tmp_path / "token"
    wrong.write_text("wrong")

    refused = agent(served, tmp_path / "spool", "--token-file", str(wrong))

    assert refused.returncode == 1
    assert "401" in refused.stdout
    assert len(list((tmp_path / "spool").glob("*.json"))) == 2


def test_an_agent_without_a_token_says_where_to_put_it(tmp_path: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "toban", "agent", "--url", "http://127.0.0.1:9", "--once"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={name: value for name, value in os.environ.items() if name != "TOBAN_AGENT_TOKEN"},
    )  # fmt: skip

    assert refused.returncode == 2
    assert "HINT: TOBAN_AGENT_TOKEN" in refused.stderr


@pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("prometheus-node-exporter")),
    reason="Debian's prometheus and prometheus-node-exporter are not here",
)
def test_a_real_prometheus_writes_to_toban(served: Served, tmp_path: Path) -> None:
    exporter_port, port = free_port(), free_port()
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ["127.0.0.1:{exporter_port}"], labels: {{instance: node-1}}}}]
remote_write:
  - url: {served.url}/api/v1/write
    authorization: {{credentials_file: {tmp_path}/token}}
    queue_config: {{batch_send_deadline: 1s}}
""")
    exporter = subprocess.Popen(
        [_program("prometheus-node-exporter"), f"--web.listen-address=127.0.0.1:{exporter_port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    prometheus = subprocess.Popen(
        [_program("prometheus"), f"--config.file={tmp_path}/prometheus.yml",
         f"--storage.tsdb.path={tmp_path}/tsdb",
         f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await_arrival(served, "node-1", "node_cpu_seconds_total")
    finally:
        for process in (prometheus, exporter):
            process.terminate()
            process.wait(timeout=10)
