"""Slack is away all the time: an incident is told by mail, mended and reported, and what got lost shows."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import override

import pytest
from tests.e2e.faults.outage import Shop, await_calm, opened, watching
from tests.e2e.running import Inbox, Toban, enterable_folder, wait_for
from tests.e2e.visitor import first_sign_in

pytestmark = pytest.mark.slow

WEBHOOK = "/services/T0/B0/secret-of-the-webhook"
RULE = (
    "SELECT verdict FROM evidence_clausestatus"
    " WHERE clause_id = 'monitoring/notification-rule/異常-(Critical)'"
)
INCIDENTS = "SELECT id, recovered_at IS NOT NULL FROM incident_incident"
REMEDIES = "SELECT effect FROM incident_remedyuse"
REPORTS = "SELECT count(*) FROM incident_incidentreport WHERE kind = 'final'"
TOLD_OF_IT = (
    "SELECT d.channel, d.state, d.attempts, d.error FROM notify_delivery d"
    " JOIN notify_announcement a ON a.id = d.announcement_id"
    " JOIN incident_incidentalert i ON i.alert_id = a.alert_id ORDER BY d.id"
)


@contextmanager
def answering_with_errors() -> Iterator[str]:
    """Answer every post with 500; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(500)
            self.send_header("content-length", "0")
            self.end_headers()

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def refusing() -> Iterator[str]:
    """Hold a port on which nobody listens; yields the address."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture(params=[refusing, answering_with_errors])
def running(request: pytest.FixtureRequest, mail: tuple[Inbox, int]) -> Iterator[tuple[Toban, Shop, Path]]:
    with ExitStack() as stack:
        folder = stack.enter_context(enterable_folder())
        away = stack.enter_context(request.param())
        shop, url = stack.enter_context(opened(folder))
        toban = watching(folder, url, smtp=mail[1], slack=f"{away}{WEBHOOK}")
        stack.callback(toban.leave)
        toban.start()
        yield toban, shop, folder


def test_an_incident_without_slack_goes_its_whole_way_and_says_what_got_lost(
    running: tuple[Toban, Shop, Path], mail: tuple[Inbox, int]
) -> None:
    toban, shop, _ = running
    inbox = mail[0]
    inbox.texts.clear()
    await_calm(toban)
    shop.fail()

    wait_for(lambda: shop.is_whole, within=90)
    wait_for(lambda: toban.state(REMEDIES) == [("recovered",)], within=60)
    ((number, _),) = toban.state(INCIDENTS)
    assert wait_for(lambda: toban.state(INCIDENTS) == [(number, 1)], within=30)
    assert wait_for(lambda: toban.state(REPORTS) == [(1,)], within=60)
    assert wait_for(lambda: inbox.with_words("異常", "店 死活"), within=60)
    assert wait_for(lambda: inbox.with_words("復旧", "店 死活"), within=60)

    # What is on its way for a minute counts as undelivered: from then on it is said everywhere.
    assert wait_for(lambda: inbox.with_words("異常", "通知方法 slack"), within=120)
    # Mail delivers all the while: the row that orders both is not green.
    assert wait_for(lambda: toban.state(RULE) == [("warning",)], within=60)
    of_it = toban.state(TOLD_OF_IT)
    assert {(channel, state) for channel, state, _, _ in of_it} == {
        ("mail", "delivered"),
        ("slack", "waiting"),
    }
    # The first of them has been tried again and again; the others wait behind it.
    attempts, error = next(each[2:] for each in of_it if each[0] == "slack")
    assert attempts > 1
    assert json.loads(error)["code"]
    with first_sign_in(toban) as visitor:
        timeline = f"/incidents/{number}/timeline"
        assert wait_for(
            lambda: "slack で 開発担当者 にまだ届いていない" in visitor.get(timeline).text, within=30
        )
        alert = toban.state("SELECT alert_id FROM incident_incidentalert")[0][0]
        shown = visitor.get(f"/alerts/{alert}").text
    assert "secret-of-the-webhook" not in shown
    assert "slack" in shown
    # No second incident: that a channel is down is no outage of the shop.
    assert toban.state(INCIDENTS) == [(number, 1)]
