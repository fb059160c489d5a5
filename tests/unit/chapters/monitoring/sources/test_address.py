"""Addresses as operators write them."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from toban.chapters.monitoring.sources.address import Address
from toban.chapters.monitoring.sources.prometheus.source import KIND as PROMETHEUS
from toban.chapters.monitoring.sources.prometheus.source import PrometheusConfig
from toban.chapters.monitoring.sources.tcp.source import TcpConfig


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://127.0.0.1:9100/metrics", True),
        ("http://localhost:9100/metrics", True),
        ("http://[::1]:9100/metrics", True),
        ("http://192.0.2.1:9100/metrics", False),
        ("http://localhost.example.com/metrics", False),
    ],
)
def test_an_exposition_of_tobans_own_machine_is_known_by_its_address(url: str, *, is_here: bool) -> None:
    assert PROMETHEUS.is_here is not None
    assert PROMETHEUS.is_here(PrometheusConfig(url=url)) is is_here


@pytest.mark.parametrize(
    ("written", "host", "port"),
    [("db-1:6379", "db-1", 6379), ("192.0.2.1:65535", "192.0.2.1", 65535), ("[::1]:1", "::1", 1)],
)
def test_a_host_and_a_port_are_read_and_written_alike(written: str, host: str, port: int) -> None:
    address = TcpConfig.model_validate({"address": written}).address

    assert (address, str(address)) == (Address(host, port), written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "db-1",
        "db-1:",
        "db-1:0",
        "db-1:65536",
        ":6379",
        "::1",
        "db-1:80/x",
        "u:hunter2@db-1:80",
        "db 1:x",
        6379,
    ],
)
def test_an_invalid_address_is_refused_without_repeating_it(written: object) -> None:
    with pytest.raises(ValidationError, match="ホストとポートではありません") as caught:
        TcpConfig.model_validate({"address": written})

    assert "hunter2" not in str(caught.value)


def test_a_tls_server_name_is_refused_without_tls() -> None:
    with pytest.raises(ValidationError, match="tls = true"):
        TcpConfig.model_validate({"address": "db-1:1", "server_name": "shop.example"})


@pytest.mark.parametrize("content", [None, b"no certificate"], ids=["missing", "not PEM"])
def test_an_unreadable_ca_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)

    with pytest.raises(ValidationError, match="証明書を読めません"):
        TcpConfig.model_validate(
            {"address": "db-1:1", "tls": True, "ca_file": "ca.pem"}, context={"base": tmp_path}
        )
