"""Queries to a real Prometheus, and to servers that are none."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import httpx
import pytest
from pydantic import ValidationError
from tests import asking
from tests.integration.conftest import Handler, HttpServer
from tests.ports import free_port

from toban.chapters.capacity.usage import UsageAt, UsageReading, UsageUnknown
from toban.chapters.capacity.usage_sources.prometheus import KIND
from toban.chapters.capacity.usage_sources.prometheus.config import PrometheusUsage
from toban.chapters.capacity.usage_sources.prometheus.source import PrometheusSource

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEWEST = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
KNOWN = 40 * 24
"""Hours of the past that the server knows."""
TWICE = 'disk_used_bytes{disk="a"} or label_replace(disk_used_bytes{disk="a"}, "of", "x", "", "")'
SECRET = "very-secret-indeed"


def exposition() -> bytes:
    """A disk that fills by 1 GB an hour, and its size, each with its whole past."""
    past = [(NEWEST - number * HOUR, (KNOWN - number) * 1e9) for number in range(KNOWN - 1, -1, -1)]
    lines = ["# TYPE disk_used_bytes gauge"]
    lines += [f'disk_used_bytes{{disk="a"}} {used} {at.timestamp() * 1000:.0f}' for at, used in past]
    now = f"{time.time() * 1000:.0f}"
    lines += [f'disk_used_bytes{{disk="a"}} {KNOWN * 1e9} {now}', f'disk_used_bytes{{disk="b"}} 5 {now}']
    lines += ["# TYPE disk_size_bytes gauge", f"disk_size_bytes 2e12 {now}"]
    return ("\n".join(lines) + "\n").encode()


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real Prometheus that has read the exposition."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("needs prometheus (Debian: apt-get install prometheus)")
    disk = HttpServer()
    disk.answer = lambda handler: handler.reply(
        200, exposition(), **{"content-type": "text/plain; version=0.0.4"}
    )
    thread = Thread(target=disk.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    folder = tmp_path_factory.mktemp("prometheus")
    job = f"{{job_name: disk, static_configs: [{{targets: ['127.0.0.1:{disk.server_port}']}}]}}"
    (folder / "prometheus.yml").write_text(
        f"global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs: [{job}]\n"
    )
    url = f"http://127.0.0.1:{free_port()}"
    arguments = [
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        "--storage.tsdb.retention.time=10y",
        f"--web.listen-address={url.removeprefix('http://')}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, *arguments], stdout=log, stderr=log)
    try:
        _wait_for(url, folder / "log")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)
        disk.closing.set()
        disk.shutdown()
        disk.server_close()
        thread.join()


def _wait_for(url: str, log: Path) -> None:
    for _ in range(200):
        try:
            found = asking.get(f"{url}/api/v1/query", params={"query": "disk_size_bytes"})
            if found.json()["data"]["result"]:
                return
        except (httpx.TransportError, ValueError):
            pass
        time.sleep(0.1)
    pytest.fail(f"prometheus does not read the exposition: {log.read_text()}")


def source(url: str, used: str = 'disk_used_bytes{disk="a"}', **more: object) -> PrometheusSource:
    return PrometheusSource(PrometheusUsage.model_validate({"url": url, "used": used, **more}))


def measured(asked: PrometheusSource) -> UsageReading:
    try:
        return asked.measure(datetime.now(UTC))
    finally:
        asked.close()


def why(asked: PrometheusSource, *, of_past: bool = False) -> str:
    now = datetime.now(UTC)
    with pytest.raises(UsageUnknown) as unknown:
        asked.history(now - DAY, now) if of_past else asked.measure(now)
    asked.close()
    assert SECRET not in str(unknown.value)
    return str(unknown.value)


def test_the_queries_are_evaluated_now(prometheus: str) -> None:
    assert measured(source(prometheus)) == UsageReading(KNOWN * 1e9)
    assert measured(source(prometheus, limit="disk_size_bytes")) == UsageReading(KNOWN * 1e9, 2e12)
    assert measured(source(f"{prometheus}/", "sum(disk_used_bytes)")).used == KNOWN * 1e9 + 5


def test_a_number_and_what_is_computed_are_values_too(prometheus: str) -> None:
    assert measured(source(prometheus, "scalar(disk_size_bytes) / 2", limit="1 / 0")) == UsageReading(1e12)


def test_the_past_comes_by_the_hour_and_in_order(prometheus: str) -> None:
    asked = source(prometheus)

    found = asked.history(NEWEST - 35 * DAY, NEWEST + timedelta(minutes=1))
    asked.close()

    assert found == [
        UsageAt(NEWEST - number * HOUR, (KNOWN - number) * 1e9) for number in range(35 * 24, -1, -1)
    ]


def test_before_the_server_knew_anything_there_is_nothing(prometheus: str) -> None:
    asked = source(prometheus)

    found = asked.history(NEWEST - 400 * DAY, NEWEST)
    asked.close()

    assert found[0] == UsageAt(NEWEST - (KNOWN - 1) * HOUR, 1e9)
    assert source(prometheus, "nothing_at_all").history(NEWEST - DAY, NEWEST) == []


@pytest.mark.parametrize(
    ("used", "said"),
    [
        ("nothing_at_all", "used: 系列がありません"),
        ("disk_used_bytes", "used: 2 個の系列"),
        ("sum(", "used: Prometheus が断りました (bad_data: "),
        ("0 / 0", "used: 数ではありません"),
        ("1 / 0", "used: 数ではありません"),
        ("label_replace(disk_used_bytes, 'a', '$1', 'disk', '(')", "used: Prometheus が断りました"),
    ],
)
def test_a_query_that_gives_no_value_is_said(prometheus: str, used: str, said: str) -> None:
    assert said in why(source(prometheus, used))


def test_a_limit_that_gives_no_value_is_not_no_limit(prometheus: str) -> None:
    assert "limit: 系列がありません" in why(source(prometheus, limit="nothing_at_all"))


@pytest.mark.parametrize(("used", "said"), [("sum(", "bad_data"), (TWICE, "2 個の系列")])
def test_a_past_that_is_none_is_said(prometheus: str, used: str, said: str) -> None:
    assert said in why(source(prometheus, used), of_past=True)


@pytest.mark.parametrize("of_past", [False, True])
def test_a_server_that_is_away_is_said(*, of_past: bool) -> None:
    said = why(source("http://127.0.0.1:1"), of_past=of_past)

    assert "127.0.0.1:1: used: 接続できません" in said
    assert "url" in said


def test_a_server_that_never_answers_ends_in_time(http_server: HttpServer) -> None:
    def wait(_handler: Handler) -> None:
        http_server.closing.wait(5)

    http_server.answer = wait

    assert "0.2秒以内に応答がありません" in why(source(http_server.url, timeout=0.2))


def test_credentials_are_sent_to_the_server_and_nowhere_else(
    http_server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_SECRET", SECRET)
    elsewhere = f"http://localhost:{http_server.server_port}/api/v1/query"
    http_server.answer = lambda handler: handler.reply(307, location=elsewhere)

    said = why(source(http_server.url, bearer_token="env:THE_SECRET"))

    assert [each.headers["authorization"] for each in http_server.asked] == [f"Bearer {SECRET}"]
    assert "HTTP 307" in said


def test_a_server_that_refuses_the_credentials_is_said(
    http_server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_SECRET", SECRET)

    def refuse(handler: Handler) -> None:
        handler.reply(401, f"{SECRET} is wrong".encode())

    http_server.answer = refuse

    said = why(source(http_server.url, username="toban", password="env:THE_SECRET"))

    assert "HTTP 401" in said
    assert "bearer_token" in said


def test_what_is_no_prometheus_is_said(http_server: HttpServer) -> None:
    http_server.answer = lambda handler: handler.reply(200, b"<html>hello</html>")

    assert "Prometheus の応答ではありません" in why(source(http_server.url))


def test_a_missing_credential_is_named_by_its_place(http_server: HttpServer) -> None:
    assert "環境変数 NOWHERE がありません" in why(source(http_server.url, bearer_token="env:NOWHERE"))


def test_bytes_are_storage_and_numbers_are_not() -> None:
    size = PrometheusUsage.model_validate({"url": "http://a", "used": "x", "measures": "bytes"})
    number = PrometheusUsage.model_validate({"url": "http://a", "used": "x"})

    assert [(KIND.is_storage(each), KIND.unit(each)) for each in (size, number)] == [(True, "B"), (False, "")]


@pytest.mark.parametrize(
    "config", [{"url": "http://toban:pw@a", "used": "x"}, {"url": "http://a", "used": ""}]
)
def test_credentials_in_the_url_and_an_empty_query_are_refused(config: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PrometheusUsage.model_validate(config)
