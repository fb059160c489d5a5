"""The TCP probe with real ports, and real TLS with good and bad certificates."""

import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from tests.integration.chapters.monitoring.sources.conftest import StartTls, expired, self_signed
from tests.integration.conftest import HttpServer

from toban.chapters.monitoring.source import Measurement, Unmeasurable
from toban.chapters.monitoring.sources.tcp.source import TcpConfig, TcpProbe
from toban.design.values.metric import Metric


def probe(port: int, **config: object) -> TcpProbe:
    return TcpProbe(TcpConfig.model_validate({"address": f"127.0.0.1:{port}", **config}))


def by_metric(measured: Sequence[Measurement]) -> dict[Metric, float]:
    return {each.metric: each.value for each in measured}


def test_a_port_that_accepts_connections_is_up_and_timed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        source = probe(server.getsockname()[1])

        found = by_metric(source.measure(datetime.now(UTC)))

    assert found.keys() == {Metric.UP, Metric.RESPONSE_TIME}
    assert found[Metric.UP] == 1.0
    assert 0 < found[Metric.RESPONSE_TIME] < 5000


def test_a_port_without_listener_is_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(
        Unmeasurable, match=rf"127\.0\.0\.1:{port}: 接続できません（Connection refused）"
    ) as caught:
        probe(port).measure(datetime.now(UTC))

    assert by_metric(caught.value.measured) == {Metric.UP: 0.0}


def test_an_invalid_host_name_is_down_with_a_reason() -> None:
    source = TcpProbe(TcpConfig.model_validate({"address": f"{'a' * 64}.example:22", "instance": "bastion"}))

    with pytest.raises(Unmeasurable, match="bastion: 接続できません（名前を調べられません）"):
        source.measure(datetime.now(UTC))


def test_a_server_that_never_completes_the_tls_handshake_is_abandoned() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        source = probe(server.getsockname()[1], tls=True, timeout=0.2)

        with pytest.raises(Unmeasurable, match=r"0\.2秒以内") as caught:
            source.measure(datetime.now(UTC))

    assert by_metric(caught.value.measured) == {Metric.UP: 0.0}


def test_a_port_without_tls_is_down_with_a_reason(http_server: HttpServer) -> None:
    with pytest.raises(Unmeasurable, match="TLS で話せません"):
        probe(http_server.server_port, tls=True).measure(datetime.now(UTC))


def test_a_valid_certificate_yields_its_remaining_days(
    authority: trustme.CA, ca_file: Path, start_tls: StartTls
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    certificate = authority.issue_cert("127.0.0.1", not_after=now + timedelta(days=20, hours=12))
    server = start_tls(certificate)

    found = by_metric(probe(server.port, tls=True, ca_file=ca_file).measure(now))

    assert found[Metric.UP] == 1.0
    assert found[Metric.CERTIFICATE_LIFETIME] == 20.5


def test_the_requested_tls_server_name_is_the_configured_one(
    authority: trustme.CA, ca_file: Path, start_tls: StartTls
) -> None:
    server = start_tls(authority.issue_cert("shop.example"))
    source = probe(server.port, tls=True, ca_file=ca_file, server_name="shop.example")

    found = by_metric(source.measure(datetime.now(UTC)))

    assert found[Metric.UP] == 1.0
    assert server.names == ["shop.example"]


def test_an_expired_certificate_is_down_and_its_remaining_days_are_negative(
    authority: trustme.CA, ca_file: Path, start_tls: StartTls
) -> None:
    server = start_tls(expired(authority, timedelta(days=3)))

    with pytest.raises(Unmeasurable, match="期限が切れています") as caught:
        probe(server.port, tls=True, ca_file=ca_file).measure(datetime.now(UTC))

    found = by_metric(caught.value.measured)
    assert found[Metric.UP] == 0.0
    assert found[Metric.CERTIFICATE_LIFETIME] == pytest.approx(-3, abs=0.01)


@pytest.mark.parametrize(
    ("certificate", "why"),
    [
        (lambda _authority: self_signed(), "自己署名"),
        (lambda _authority: trustme.CA().issue_cert("127.0.0.1"), "発行元を確かめられません"),
        (lambda authority: authority.issue_cert("127.0.0.2"), "別の名前"),
        (
            lambda authority: authority.issue_cert(
                "127.0.0.1", not_before=datetime.now(UTC) + timedelta(days=1)
            ),
            "まだ始まっていません",
        ),
        (lambda _authority: expired(trustme.CA(), timedelta(days=3)), "証明書"),
    ],
    ids=["self-signed", "unknown issuer", "another name", "not yet valid", "expired, unknown issuer"],
)
def test_an_untrusted_certificate_is_down_and_yields_no_remaining_days(
    certificate: Callable[[trustme.CA], trustme.LeafCert],
    why: str,
    authority: trustme.CA,
    ca_file: Path,
    start_tls: StartTls,
) -> None:
    server = start_tls(certificate(authority))

    with pytest.raises(Unmeasurable, match=why) as caught:
        probe(server.port, tls=True, ca_file=ca_file).measure(datetime.now(UTC))

    assert by_metric(caught.value.measured) == {Metric.UP: 0.0}
