"""GitHub's REST API as it describes itself: a server whose every request and answer keeps the contract.

The contract is `@octokit/openapi`, which `./check` installs by the lock file in `octokit`.
"""

import copy
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from openapi_schema_validator import OAS30Validator

OCTOKIT = Path(__file__).parents[6] / ".boot/octokit/node_modules/@octokit"
TOKEN = "very-secret-token"

type Reply = tuple[int, Any] | tuple[int, Any, Mapping[str, str]]
"""Status, content, and headers."""


@cache
def contract() -> dict[str, Any]:
    path = OCTOKIT / "openapi/generated/api.github.com.json"
    if not path.exists():
        pytest.skip("needs @octokit/openapi in .boot/octokit (./check brings it)")
    found: dict[str, Any] = orjson.loads(path.read_bytes())
    return found


def example(name: str) -> Any:
    """Return a copy of one of the contract's own examples."""
    return copy.deepcopy(contract()["components"]["examples"][name]["value"])


def complaints(schema: Mapping[str, Any], value: Any) -> list[str]:
    whole = {**schema, "components": contract()["components"]}
    found = (each for each in OAS30Validator(whole).iter_errors(value) if not _is_nullable(each))
    return [f"{each.json_path}: {each.message[:200]}" for each in found]


def _is_nullable(error: Any) -> bool:
    """Return whether it is about null where the contract allows it, which its lists of values leave out."""
    schema = error.schema
    return error.instance is None and isinstance(schema, Mapping) and bool(schema.get("nullable"))


def _resolved(part: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in part:
        return part
    found: Any = contract()
    for step in str(part["$ref"]).removeprefix("#/").split("/"):
        found = found[step]
    return _resolved(found)


@cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    found = []
    for path in contract()["paths"]:
        # The contract's own parameters; a literal path is meant first.
        pattern = re.sub(r"\\\{[^/]*?\\\}", "[^/]+", re.escape(path))
        found.append((re.compile(pattern), path))
    return sorted(found, key=lambda each: each[1].count("{"))


@dataclass
class Asked:
    method: str
    path: str
    query: Mapping[str, str]
    body: Any


@dataclass
class GitHubServer:
    """What it answers, by method and path below the repository; everything else is 404."""

    repository: str
    url: str = ""
    answers: dict[str, Callable[[Asked], Reply]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Where a request or an answer breaks the contract."""
    refusal: Reply | None = None
    """What is answered to everything."""
    is_hanging: bool = False
    closing: threading.Event = field(default_factory=threading.Event)

    def on(self, what: str, answer: Any, status: int = 200) -> None:
        """Answer *what* (`GET /commits/…/pulls`) with a value, page by page if it is a list."""
        self.answers[what] = (
            answer if callable(answer) else lambda asked: (status, _page(answer, asked.query))
        )

    def count(self, what: str) -> int:
        return sum(f"{each.method} {each.path}" == what for each in self.asked)

    def reply(self, method: str, url: str, token: str, body: bytes) -> Reply:
        parts = urlsplit(url)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        path = parts.path.removeprefix(f"/repos/{self.repository}")
        asked = Asked(method, path, query, orjson.loads(body) if body else None)
        self.asked.append(asked)
        operation = self._operation(method, parts.path)
        self._check_request(operation, asked)
        if self.is_hanging:
            self.closing.wait(20)
        if self.refusal is not None:
            return self.refusal
        if token != f"Bearer {TOKEN}":
            return 401, {"message": f"Bad credentials: {token}"}
        answer = self.answers.get(f"{method} {path}")
        if answer is None:
            return 404, {"message": "Not Found"}
        found = answer(asked)
        self._check_answer(operation, found)
        return found

    def _operation(self, method: str, path: str) -> Mapping[str, Any]:
        for pattern, name in _paths():
            if pattern.fullmatch(path) and method.lower() in contract()["paths"][name]:
                operation: Mapping[str, Any] = contract()["paths"][name][method.lower()]
                return operation
        self.broken.append(f"{method} {path}: no such operation")
        return {}

    def _check_request(self, operation: Mapping[str, Any], asked: Asked) -> None:
        parameters = [_resolved(each) for each in operation.get("parameters", ())]
        known = {each["name"] for each in parameters if each["in"] == "query"}
        for name in set(asked.query) - known:
            self.broken.append(f"{asked.method} {asked.path}: no such parameter {name}")
        if "requestBody" in operation:
            schema = _resolved(operation["requestBody"])["content"]["application/json"]["schema"]
            self.broken += [f"{asked.method} {asked.path}: {each}" for each in complaints(schema, asked.body)]

    def _check_answer(self, operation: Mapping[str, Any], reply: Reply) -> None:
        status, content = reply[:2]
        described = operation.get("responses", {}).get(str(status))
        if described is None:
            self.broken.append(f"the contract has no answer {status}")
            return
        media = _resolved(described).get("content", {}).get("application/json")
        if media is not None:
            self.broken += [f"answer: {each}" for each in complaints(media["schema"], content)]


def _page(answer: Any, query: Mapping[str, str]) -> Any:
    per_page, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
    begin = (page - 1) * per_page
    if isinstance(answer, list):
        return answer[begin : begin + per_page]
    if isinstance(answer, dict):
        return {
            name: value[begin : begin + per_page] if isinstance(value, list) else value
            for name, value in answer.items()
        }
    return answer


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        token = self.headers.get("authorization", "")
        status, content, *headers = self.server.github.reply(self.command, self.path, token, body)
        written = b"" if content is None else orjson.dumps(content)
        self.send_response(status)
        for name, value in (headers[0] if headers else {}).items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json; charset=utf-8")
        self.send_header("content-length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
        """Write no log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, github: GitHubServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.github = github

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that hang up early: some tests are about them."""


@contextmanager
def serving(repository: str) -> Iterator[GitHubServer]:
    """Serve the API of *repository*; fails at the end if anything broke the contract."""
    contract()
    github = GitHubServer(repository)
    server = _Server(github)
    github.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield github
    finally:
        github.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
    assert not github.broken, "\n".join(sorted(set(github.broken)))
