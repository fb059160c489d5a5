"""Open pages receive changes, with a real server."""

import hashlib
import json
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests import asking
from tests.integration.faces.ingest.served import CPU, Served, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running


def rows(lines: Iterator[str]) -> tuple[int, list[dict[str, object]]]:
    """Read up to the next `rows` event; return its id and its rows."""
    known = 0
    for line in lines:
        if line.startswith("id: "):
            known = int(line[4:])
        if line.startswith("data: ["):
            return known, json.loads(line[6:])
    raise AssertionError("the stream ended without rows")


def test_an_open_page_receives_a_new_verdict_in_its_language(served: Served) -> None:
    with served.client() as client, client.stream("GET", "/live?lang=en") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 2000"
        served.act("show", CPU, "deviating", "91%")

        _known, found = rows(lines)

    assert [(row["id"], row["value"], row["word"], row["mark"]) for row in found] == [
        (CPU, "91%", "deviating", "■")
    ]


def test_a_reconnecting_page_receives_only_what_it_missed(served: Served) -> None:
    served.act("show", CPU, "conforming", "1%")
    with served.client() as client, client.stream("GET", "/live?since=0") as stream:
        known, _first = rows(stream.iter_lines())
    served.act("show", CPU, "conforming", "2%")

    headers = {"Last-Event-ID": str(known)}
    with served.client() as client, client.stream("GET", "/live?since=0", headers=headers) as stream:
        _known, missed = rows(stream.iter_lines())

    assert [row["value"] for row in missed] == ["2%"]


@pytest.mark.parametrize("session", ["", "not-a-session"])
def test_unauthenticated_visitors_receive_nothing(served: Served, session: str) -> None:
    answer = asking.get(f"{served.url}/live", cookies={"sessionid": session} if session else {})

    assert answer.status_code == 401


@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000, "²", "-1", "1;DROP TABLE x"])
def test_an_invalid_revision_is_ignored(served: Served, number: str) -> None:
    with served.client() as client, client.stream("GET", "/live", params={"since": number}) as stream:
        assert stream.status_code == 200
        assert next(stream.iter_lines()) == "retry: 2000"


def test_the_stream_ends_when_its_account_is_locked(tmp_path: Path) -> None:
    told: list[str] = []
    with serving(tmp_path) as served, served.client() as client, client.stream("GET", "/live") as stream:
        reading = threading.Thread(target=lambda: told.extend(stream.iter_lines()))
        reading.start()
        served.act("lock")
        for number in range(60):
            if not reading.is_alive():
                break
            served.act("show", CPU, "conforming", f"{number}%")
        reading.join(timeout=20)

        # The stream ended by itself: the server still works, and the session is no longer accepted.
        assert not reading.is_alive()
        assert told[0] == "retry: 2000"
        assert asking.get(f"{served.url}/healthz").is_success
        assert client.get("/live").status_code == 401


@pytest.mark.parametrize(
    "address", ["/live", "/healthz", "/static/x/nothing", "/static/x/toban/page.css", "/"]
)
def test_every_answer_forbids_foreign_scripts(served: Served, address: str) -> None:
    answer = asking.get(f"{served.url}{address}")

    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_an_unauthenticated_visitor_cannot_fill_the_disk_with_a_form(served: Served) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 65536

    try:
        status = asking.post(f"{served.url}/accounts/login/", content=endless()).status_code
    except httpx.WriteError:
        return  # the connection was closed while we were still sending
    assert status == 413


@pytest.mark.parametrize(
    "path", ["../settings.py", "..%2f..%2fsettings.py", "/etc/passwd", "%2e%2e/%2e%2e/settings.py"]
)
def test_static_files_are_served_only_from_their_folders(served: Served, path: str) -> None:
    with socket.create_connection(("127.0.0.1", served.port)) as line:
        # On a raw socket: a client would normalise the path.
        line.sendall(
            f"GET /static/x/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
        )
        answer = line.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 404")


def test_static_files_are_cached_forever_under_a_content_hash_url(served: Served) -> None:
    with served.client() as client:
        page = client.get("/").text
        address = page.split('rel="stylesheet" href="')[1].split('"')[0]
        answer = client.get(address)

    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"].startswith("text/css")


def test_the_page_and_its_own_files_stay_small(served: Served) -> None:
    with served.client() as client:
        page = client.get("/")
        own = [part.split('"')[0] for part in page.text.split("/static/")[1:]]
        total = len(page.content) + sum(
            int(client.get(f"/static/{name}").headers["Content-Length"])
            for name in own
            if "vendor" not in name
        )

    assert total < 150_000


def test_a_revised_document_is_announced_to_open_pages(served: Served) -> None:
    with served.client() as client, client.stream("GET", "/live") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 2000"
        revised = served.design.read_text(encoding="utf-8") + "\n## 追記\n"
        served.design.write_text(revised, encoding="utf-8")

        digest = hashlib.sha256(revised.encode()).hexdigest()
        assert any(line == f"data: {digest}" for line in lines)


def test_an_emptied_document_is_announced_to_open_pages_and_its_banner_comes_with_the_figures(
    served: Served,
) -> None:
    with served.client() as client, client.stream("GET", "/live") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 2000"
        digest = hashlib.sha256(served.design.read_bytes()).hexdigest()
        assert "は読めないため" not in client.get("/figures").text
        served.design.write_text("", encoding="utf-8")

        assert any(line == f"data: {digest}" for line in lines)
        assert "新しい版は読めないため、前の版で動いています。" in client.get("/figures").text


def test_the_server_stops_within_three_seconds_and_closes_open_streams_properly(tmp_path: Path) -> None:
    with serving(tmp_path) as served, served.client() as client, client.stream("GET", "/live") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 2000"
        served.process.send_signal(signal.SIGTERM)

        # httpx raises if a stream is cut off instead of ended.
        assert [line for line in lines if line.startswith("event:")] == []
        assert served.process.wait(timeout=3) in (0, -signal.SIGTERM)
