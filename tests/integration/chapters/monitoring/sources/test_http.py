"""The HTTP probe with a real server that behaves in every way servers do."""

import gzip
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
import zstandard
from pydantic import ValidationError
from tests.integration.chapters.monitoring.sources.conftest import StartTls, TlsServer, expired, self_signed
from tests.integration.conftest import Handler, HttpServer

from toban.chapters.monitoring.source import Measurement, Unmeasurable
from toban.chapters.monitoring.sources.http.source import HttpProbe, HttpProbeConfig
from toban.chapters.monitoring.sources.http_place import HttpSourceConfig
from toban.design.values.metric import Metric
from toban.engine.network import http
from toban.engine.network.http import Unanswered, fetch, new_client

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


def probe(server: HttpServer, path: str = "/health", **config: object) -> HttpProbe:
    return HttpProbe(HttpProbeConfig.model_validate({"url": f"{server.url}{path}", **config}))


def by_metric(measured: object) -> dict[Metric, float]:
    assert isinstance(measured, list | tuple)
    found: list[Measurement] = list(measured)
    return {each.metric: each.value for each in found}


def test_a_good_answer_yields_response_time_status_and_no_errors(http_server: HttpServer) -> None:
    source = probe(http_server)

    found = by_metric(source.measure(NOON))

    assert (found[Metric.UP], found[Metric.ERROR_RATE]) == (1.0, 0.0)
    assert 0 < found[Metric.RESPONSE_TIME] < 5000
    assert source.instance == f"127.0.0.1:{http_server.server_port}/health"


def test_a_bad_status_is_a_failure_with_a_reason_and_a_response_time(http_server: HttpServer) -> None:
    http_server.answer = lambda handler: handler.reply(503)

    measured = probe(http_server).measure(NOON)

    found = by_metric(measured)
    assert (found[Metric.UP], found[Metric.ERROR_RATE]) == (0.0, 100.0)
    assert Metric.RESPONSE_TIME in found
    assert {str(each.note) for each in measured} == {"HTTP 503", ""}


def test_a_status_other_than_the_expected_one_is_a_failure(http_server: HttpServer) -> None:
    http_server.answer = lambda handler: handler.reply(200)

    assert by_metric(probe(http_server, expect_status=204).measure(NOON))[Metric.UP] == 0.0


def test_a_failure_that_a_retry_fixes_does_not_count(http_server: HttpServer) -> None:
    http_server.answer = lambda handler: handler.reply(503 if len(http_server.asked) == 1 else 200)

    found = by_metric(probe(http_server).measure(NOON))

    assert (found[Metric.UP], found[Metric.ERROR_RATE], len(http_server.asked)) == (1.0, 0.0, 2)


def test_failures_as_old_as_the_window_leave_the_error_rate(http_server: HttpServer) -> None:
    source = probe(http_server, window=60)
    http_server.answer = lambda handler: handler.reply(500)
    source.measure(NOON)
    http_server.answer = lambda handler: handler.reply(200)

    just_inside = by_metric(source.measure(NOON + timedelta(seconds=59)))
    just_outside = by_metric(source.measure(NOON + timedelta(seconds=60)))

    assert (just_inside[Metric.ERROR_RATE], just_outside[Metric.ERROR_RATE]) == (50.0, 0.0)


def test_a_port_without_listener_is_down_and_an_error(http_server: HttpServer) -> None:
    source = probe(http_server)
    http_server.shutdown()
    http_server.server_close()

    with pytest.raises(Unmeasurable, match="接続できません") as caught:
        source.measure(NOON)

    assert by_metric(caught.value.measured) == {Metric.UP: 0.0, Metric.ERROR_RATE: 100.0}


def drip(handler: Handler) -> None:
    """Send one byte after another, each in time, endlessly."""
    handler.send_response(200)
    handler.send_header("content-length", "1000000")
    handler.end_headers()
    while not handler.server.closing.wait(0.05):
        handler.wfile.write(b".")
        handler.wfile.flush()


@pytest.mark.parametrize(
    "answer", [lambda handler: handler.server.closing.wait(), drip], ids=["silent", "dripping"]
)
def test_a_server_that_never_ends_its_answer_is_abandoned(
    http_server: HttpServer, answer: Callable[[Handler], None]
) -> None:
    http_server.answer = answer

    with pytest.raises(Unmeasurable, match=r"0\.3秒以内"):
        probe(http_server, timeout=0.3).measure(NOON)


def test_an_endless_answer_is_cut_off(http_server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LARGEST_ANSWER", 1024 * 1024)
    http_server.answer = lambda handler: handler.reply(200, b"." * (1024 * 1024 + 1))

    with pytest.raises(Unmeasurable, match="1MiB"):
        probe(http_server).measure(NOON)


def test_a_decompression_bomb_is_cut_off(http_server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LARGEST_ANSWER", 1024 * 1024)
    bomb = gzip.compress(b"." * (64 * 1024 * 1024))
    http_server.answer = lambda handler: handler.reply(200, bomb, **{"content-encoding": "gzip"})
    tracemalloc.start()

    with pytest.raises(Unmeasurable, match="1MiB"):
        probe(http_server).measure(NOON)

    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 * 1024 * 1024


def test_an_unrequested_compression_is_not_unpacked(http_server: HttpServer) -> None:
    packed = zstandard.compress(b"." * 1024)
    http_server.answer = lambda handler: handler.reply(200, packed, **{"content-encoding": "zstd"})

    assert by_metric(probe(http_server).measure(NOON))[Metric.UP] == 1.0
    with new_client() as client:
        assert fetch(client, HttpSourceConfig(url=f"{http_server.url}/")).body == packed
    assert http_server.asked[0].headers["accept-encoding"] == "gzip"


def test_a_compressed_answer_is_read_completely(http_server: HttpServer) -> None:
    http_server.answer = lambda handler: handler.reply(
        200, gzip.compress(b"up 1\n" * 5000), **{"content-encoding": "gzip"}
    )

    with new_client() as client:
        assert fetch(client, HttpSourceConfig(url=f"{http_server.url}/")).body == b"up 1\n" * 5000


def test_each_request_opens_a_connection_of_its_own(
    http_server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server.RequestHandlerClass, "protocol_version", "HTTP/1.1")
    with new_client() as client:
        for _ in range(3):
            fetch(client, HttpSourceConfig(url=f"{http_server.url}/"))

    assert len({handler.client_address for handler in http_server.asked}) == 3


def test_an_answer_in_chunks_is_read_completely(http_server: HttpServer) -> None:
    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"5\r\nup 1\n\r\n6\r\ndown 0\r\n0\r\n\r\n")

    http_server.answer = answer

    with new_client() as client:
        assert fetch(client, HttpSourceConfig(url=f"{http_server.url}/")).body == b"up 1\ndown 0"


@pytest.mark.parametrize(
    ("header", "body"),
    [
        pytest.param(("content-length", "100"), b"up 1\n", id="by length"),
        pytest.param(("transfer-encoding", "chunked"), b"5\r\nup 1\n\r\n", id="in chunks"),
    ],
)
def test_an_answer_that_breaks_off_is_none(
    http_server: HttpServer, header: tuple[str, str], body: bytes
) -> None:
    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header(*header)
        handler.end_headers()
        handler.wfile.write(body)

    http_server.answer = answer

    with new_client() as client, pytest.raises(Unanswered):
        fetch(client, HttpSourceConfig(url=f"{http_server.url}/"))


def test_what_is_no_http_is_no_answer(http_server: HttpServer) -> None:
    def answer(handler: Handler) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH_10.0\r\n")

    http_server.answer = answer

    with new_client() as client, pytest.raises(Unanswered):
        fetch(client, HttpSourceConfig(url=f"{http_server.url}/"))


def test_broken_compression_is_reported_as_the_reason(http_server: HttpServer) -> None:
    http_server.answer = lambda handler: handler.reply(200, b"no gzip", **{"content-encoding": "gzip"})

    with pytest.raises(Unmeasurable, match="圧縮が壊れています"):
        probe(http_server).measure(NOON)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://192.0.2.1/",
        "gopher://192.0.2.1:25/",
        "unix:///run/docker.sock",
        "//192.0.2.1/",
    ],
)
def test_only_http_urls_can_be_bound(url: str) -> None:
    with pytest.raises(ValidationError):
        HttpProbeConfig.model_validate({"url": url})


@pytest.mark.parametrize(
    "elsewhere",
    ["file:///etc/passwd", "http://169.254.169.254/latest/meta-data/", "https://127.0.0.1/", "http://[::1]/"],
)
def test_no_redirect_leads_to_an_unbound_url(http_server: HttpServer, elsewhere: str) -> None:
    http_server.answer = lambda handler: handler.reply(302, location=elsewhere)

    with new_client() as client:
        answer = fetch(client, HttpSourceConfig(url=f"{http_server.url}/"))

    # The redirect itself is the answer: following it would have failed.
    assert answer.status == 302


def test_a_redirect_on_the_same_host_is_followed(http_server: HttpServer) -> None:
    def answer(handler: Handler) -> None:
        if handler.path == "/old":
            handler.reply(302, location="/new")
        else:
            handler.reply(204)

    http_server.answer = answer

    assert by_metric(probe(http_server, "/old", expect_status=204).measure(NOON))[Metric.UP] == 1.0


def test_a_redirect_to_another_host_is_not_followed_and_gets_no_credentials(
    http_server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBE_TOKEN", "hunter2")
    elsewhere = f"http://localhost:{http_server.server_port}/elsewhere"
    http_server.answer = lambda handler: handler.reply(302, location=elsewhere)

    found = by_metric(probe(http_server, expect_status=302, bearer_token="env:PROBE_TOKEN").measure(NOON))

    assert found[Metric.UP] == 1.0
    assert [asked.path for asked in http_server.asked] == ["/health"]
    assert http_server.asked[0].headers["authorization"] == "Bearer hunter2"


def test_circular_redirects_are_stopped(http_server: HttpServer) -> None:
    http_server.answer = lambda handler: handler.reply(302, location="/health")

    with pytest.raises(Unmeasurable, match="転送が5回"):
        probe(http_server).measure(NOON)


def test_a_missing_secret_is_reported_and_does_not_crash(
    http_server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROBE_TOKEN", raising=False)

    with pytest.raises(Unmeasurable, match="PROBE_TOKEN"):
        probe(http_server, bearer_token="env:PROBE_TOKEN").measure(NOON)


def test_names_and_errors_show_neither_query_nor_credentials(
    http_server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBE_PASSWORD", "hunter2")
    source = probe(http_server, "/health?key=hunter3", username="u", password="env:PROBE_PASSWORD")
    http_server.shutdown()
    http_server.server_close()

    with pytest.raises(Unmeasurable) as caught:
        source.measure(NOON)

    assert "hunter" not in f"{caught.value} {caught.value.measured} {source.instance}"


def https_probe(server: TlsServer, ca_file: Path) -> HttpProbe:
    return HttpProbe(
        HttpProbeConfig.model_validate({"url": f"https://127.0.0.1:{server.port}/", "ca_file": ca_file})
    )


def test_https_yields_the_remaining_days_of_the_certificate(
    authority: trustme.CA, ca_file: Path, start_tls: StartTls
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    server = start_tls(authority.issue_cert("127.0.0.1", not_after=now + timedelta(days=29, hours=6)))

    found = by_metric(https_probe(server, ca_file).measure(now))

    assert (found[Metric.UP], found[Metric.CERTIFICATE_LIFETIME]) == (1.0, 29.25)
    assert len(server.names) == 1


def test_an_expired_certificate_is_an_error_and_its_remaining_days_are_negative(
    authority: trustme.CA, ca_file: Path, start_tls: StartTls
) -> None:
    server = start_tls(expired(authority, timedelta(days=2)))

    with pytest.raises(Unmeasurable, match="期限が切れています") as caught:
        https_probe(server, ca_file).measure(datetime.now(UTC))

    found = by_metric(caught.value.measured)
    assert (found[Metric.UP], found[Metric.ERROR_RATE]) == (0.0, 100.0)
    assert found[Metric.CERTIFICATE_LIFETIME] == pytest.approx(-2, abs=0.01)


@pytest.mark.parametrize(("is_other_name", "why"), [(True, "別の名前"), (False, "自己署名")])
def test_an_untrusted_certificate_is_an_error_and_yields_no_remaining_days(
    is_other_name: bool, why: str, authority: trustme.CA, ca_file: Path, start_tls: StartTls
) -> None:
    server = start_tls(authority.issue_cert("127.0.0.2") if is_other_name else self_signed())

    with pytest.raises(Unmeasurable, match=why) as caught:
        https_probe(server, ca_file).measure(datetime.now(UTC))

    assert by_metric(caught.value.measured) == {Metric.UP: 0.0, Metric.ERROR_RATE: 100.0}
