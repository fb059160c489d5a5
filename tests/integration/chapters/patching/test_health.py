"""A host counts as well only once it stays well: one good answer is no proof of a service."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.integration.chapters.patching.apt_host import LOOPBACK, AptHost
from tests.integration.chapters.patching.place import TERMS, Place, group

from toban.chapters.patching.models import PatchedHost
from toban.engine.runs.rules import RunReason

pytestmark = [pytest.mark.django_db, pytest.mark.allow_hosts(LOOPBACK)]


@contextmanager
def answering(*statuses: int) -> Iterator[tuple[int, Sequence[int]]]:
    """Answer with each of *statuses* in turn, and with the last one from then on."""
    given: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given.append(statuses[min(len(given), len(statuses) - 1)])
            self.send_response(given[-1])
            self.end_headers()

        def log_message(self, *_said: object) -> None:
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port, given
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def place(folder: Path, host: AptHost, port: int) -> Place:
    bound = group("web", [host], more=f'health = "http://127.0.0.1:{port}/"')
    return Place(folder, bound.replace('healthy_within = "2秒"', 'healthy_within = "5秒"') + TERMS)


def test_a_host_that_answers_once_and_then_falls_over_is_not_well(
    tmp_path: Path, hosts: list[AptHost]
) -> None:
    with answering(200, 200, 503) as (port, _):
        here = place(tmp_path, hosts[0], port)

        assert here.patch() is RunReason.FAILED, here.told()

    assert "503" in here.told()
    assert PatchedHost.objects.get().healthy_at is None


def test_a_break_begins_it_anew_and_a_host_that_stays_well_is(tmp_path: Path, hosts: list[AptHost]) -> None:
    with answering(503, 200, 503, 200) as (port, given):
        here = place(tmp_path, hosts[0], port)

        assert here.patch() is RunReason.SUCCEEDED, here.told()

    assert given == [503, 200, 503, 200, 200, 200]
