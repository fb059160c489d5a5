"""One public key, or none at all, keeps nobody from reporting errors."""

import gzip
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import httpx
import pytest
import zstandard
from tests import asking
from tests.integration.faces.ingest.served import DOCUMENT, Served, serving

KEY = "0123456789abcdef0123456789abcdef"
BINDINGS = """
[errors.shop]
project = 1
key = "file:key"
rate = 1000

[errors.web]
project = 2
key = "file:key"
rate = 1
"""
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("overload")
    (home / "key").write_text(KEY)
    with serving(home, DOCUMENT, BINDINGS) as running:
        yield running


def post(served: Served, body: bytes, *, project: int = 1, key: str = KEY, **headers: str) -> httpx.Response:
    query = f"?sentry_key={key}" if key else ""
    return asking.post(
        f"{served.url}/api/{project}/envelope/{query}", content=body, timeout=30,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )  # fmt: skip


def event(message: str, **header: object) -> bytes:
    payload = json.dumps({"message": message}).encode()
    return b"\n".join((json.dumps(header).encode(), b'{"type":"event"}', payload, b""))


PACKERS: dict[str, Callable[[bytes], bytes]] = {"": bytes, "gzip": gzip.compress, "zstd": zstandard.compress}


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_an_envelope_of_line_feeds_is_refused(served: Served, encoding: str) -> None:
    reply = post(served, PACKERS[encoding](b"{}" + b"\n" * (32 * MIB)), content_encoding=encoding)

    assert reply.status_code == 413


def test_blank_lines_between_items_are_skipped_up_to_a_limit(served: Served) -> None:
    assert post(served, b"{}\n\n\n" + event("after blanks")[3:]).status_code == 200
    assert post(served, b"{}" + b"\n" * MIB).status_code == 400


def test_strangers_that_send_one_byte_take_no_room(served: Served) -> None:
    head = b"POST /api/1/envelope/ HTTP/1.1\r\nHost: toban\r\nContent-Length: 16000000\r\n\r\n{"
    with ExitStack() as open_:
        for _ in range(64):
            connection = open_.enter_context(closing(socket.create_connection(("127.0.0.1", served.port))))
            connection.sendall(head)

        assert [post(served, event("meanwhile")).status_code for _ in range(3)] == [200, 200, 200]


def test_beyond_the_rate_no_body_is_read(served: Served) -> None:
    assert post(served, event("first"), project=2).status_code == 200

    # Only the head is sent: the answer doesn't wait for the body.
    with closing(socket.create_connection(("127.0.0.1", served.port), timeout=5)) as connection:
        connection.sendall(
            f"POST /api/2/envelope/?sentry_key={KEY} HTTP/1.1\r\nHost: toban\r\n"
            "Content-Length: 1000000\r\n\r\n".encode()
        )
        assert connection.recv(64).startswith(b"HTTP/1.1 429 ")


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_key_inside_a_packed_envelope_is_found_in_its_first_line(served: Served, encoding: str) -> None:
    body = event("by tunnel", dsn=f"http://{KEY}@toban.example/1")

    assert (
        post(served, PACKERS[encoding](body), key="", content_encoding=encoding or "identity").status_code
        == 200
    )


def test_an_aborted_body_leaves_no_traceback(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    for path in (f"/api/1/envelope/?sentry_key={KEY}", "/api/1/envelope/"):
        with closing(socket.create_connection(("127.0.0.1", served.port))) as connection:
            connection.sendall(f"POST {path} HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\n{{".encode())
    assert post(served, event("afterwards")).status_code == 200

    assert "Traceback" not in capfd.readouterr().err
