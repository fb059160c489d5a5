"""Servers that follow the documented contracts of Datadog, New Relic and PagerDuty, refusals included.

Datadog: https://docs.datadoghq.com/api/latest/metrics/query-timeseries-points/
New Relic: https://docs.newrelic.com/docs/apis/nerdgraph/examples/nerdgraph-nrql-tutorial/
PagerDuty: https://developer.pagerduty.com/docs/events-api-v2-overview
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, override
from urllib.parse import parse_qs, urlsplit

type Answer = tuple[int, object, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a vendor receives it."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON; None if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass
class Datadog:
    """`GET /api/v1/query` with both keys: the newest points of each query."""

    values: dict[str, float] = field(default_factory=dict)
    """The beginning of a query → its value now."""
    keys: tuple[str, str] = ("dd-api", "dd-application")
    refuses: int = 0
    """The status of every answer; 0 for none."""

    def answer(self, asked: Asked) -> Answer:
        """Answer as documented: 403 for wrong keys, 429 with the seconds to wait, 400 for a bad request."""
        keys = asked.headers.get("dd-api-key"), asked.headers.get("dd-application-key")
        if self.refuses == 429:
            return 429, {"errors": ["Rate limit exceeded"]}, {"X-RateLimit-Reset": "60"}
        if self.refuses == 403 or keys != self.keys:
            return 403, {"errors": ["Forbidden"]}, {}
        if asked.path != "/api/v1/query" or {"from", "to", "query"} - asked.query.keys():
            return 400, {"errors": ["Missing required parameter"]}, {}
        until = int(asked.query["to"][0]) * 1000
        series = [
            self._series(index, query, until)
            for index, query in enumerate(_queries(asked.query["query"][0]))
            if self._value(query) is not None
        ]
        body = {"status": "ok", "res_type": "time_series", "series": series, "to_date": until, "from_date": 0}
        return 200, body, {}

    def _value(self, query: str) -> float | None:
        return next((value for start, value in self.values.items() if start in query), None)

    def _series(self, index: int, query: str, until: int) -> Mapping[str, object]:
        by = re.search(r"by \{(\w+)\}", query)
        points = [[float(until - ago * 1000), self._value(query)] for ago in (60, 40)]
        tags = [f"{by[1]}:/dev/sda1"] if by else []
        return {"query_index": index, "tag_set": tags, "pointlist": points, "interval": 20, "scope": "*"}


def _queries(written: str) -> list[str]:
    """Split queries at the commas that are in no braces and no parentheses."""
    found, depth = [""], 0
    for letter in written:
        depth += letter in "({"
        depth -= letter in ")}"
        if letter == "," and not depth:
            found.append("")
        else:
            found[-1] += letter
    return found


@dataclass
class NewRelic:
    """`POST /graphql` with a user key: the results of each NRQL query, errors with HTTP 200."""

    values: dict[str, float] = field(default_factory=dict)
    """A part of the NRQL → the value."""
    account: int = 1234567
    key: str = "NRAK-KEY"
    is_busy: bool = False

    def answer(self, asked: Asked) -> Answer:
        """Answer as documented: 401 without a valid key, a query's error beside the data of the others."""
        if asked.headers.get("api-key") != self.key:
            return 401, {"errors": [{"message": "Invalid API key"}]}, {}
        if self.is_busy:
            return 200, _refused("Too many requests", "TOO_MANY_REQUESTS"), {}
        said = asked.json()
        if asked.path != "/graphql" or not said or said["variables"]["account"] != self.account:
            return 200, _refused("Access denied.", "ACCESS_DENIED"), {}
        account, errors = {}, []
        for name, nrql in said["variables"].items():
            if name == "account":
                continue
            value = next((value for part, value in self.values.items() if part in nrql), None)
            account[name] = {"results": [{"value": value}]} if value is not None else None
            if value is None:
                path = ["actor", "account", name]
                errors.append({"message": "NRQL Syntax Error: unknown function", "path": path})
        body = {"data": {"actor": {"account": account}}}
        return 200, body | ({"errors": errors} if errors else {}), {}


def _refused(message: str, kind: str) -> Mapping[str, object]:
    error = {"message": message, "extensions": {"errorClass": kind}, "path": ["actor", "account"]}
    return {"data": {"actor": {"account": None}}, "errors": [error]}


@dataclass
class PagerDuty:
    """`POST /v2/enqueue`: an event opens, acknowledges or resolves the incident of its `dedup_key`."""

    routing_key: str = "R" * 32
    events: list[Any] = field(default_factory=list)
    is_throttled: bool = False

    def answer(self, asked: Asked) -> Answer:
        """Answer as documented: 202 for an event, 400 for an invalid one, 429 while throttled."""
        if self.is_throttled:
            too_many = "Requests for this service are arriving too quickly"
            return 429, {"status": "throttle exceeded", "message": too_many}, {}
        event = asked.json()
        if asked.path != "/v2/enqueue" or _invalid(event) or event["routing_key"] != self.routing_key:
            errors = [_invalid(event) or "Invalid routing key"]
            return (
                400,
                {"status": "invalid event", "message": "Event object is invalid", "errors": errors},
                {},
            )
        self.events.append(event)
        accepted = {"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]}
        return 202, accepted, {}


def _invalid(event: Any) -> str:
    """Return what is wrong with *event*; empty if nothing is."""
    if not isinstance(event, dict) or not event.get("routing_key"):
        return "'routing_key' is missing or blank"
    if event.get("event_action") not in {"trigger", "acknowledge", "resolve"}:
        return "'event_action' is missing or invalid"
    if event["event_action"] != "trigger":
        return "" if event.get("dedup_key") else "'dedup_key' is missing or blank"
    payload = event.get("payload") or {}
    lacking = [name for name in ("summary", "source", "severity") if not payload.get(name)]
    if lacking:
        return f"'payload.{lacking[0]}' is missing or blank"
    known = {"critical", "error", "warning", "info"}
    return "" if payload["severity"] in known else "'payload.severity' is invalid"


@contextmanager
def serving(answer: Callable[[Asked], Answer]) -> Iterator[str]:
    """Serve a vendor on a free loopback port; yields its URL."""

    class Contract(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            url = urlsplit(self.path)
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(length)
            status, said, more = answer(Asked(self.command, url.path, parse_qs(url.query), headers, body))
            content = json.dumps(said).encode()
            self.send_response(status)
            for name, value in (*more.items(), ("Content-Length", str(len(content)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815 - the handler's own names

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Contract) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
