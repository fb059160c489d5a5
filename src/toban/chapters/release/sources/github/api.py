"""GitHub's REST API: bounded answers, its limits respected, and its refusals in an operator's words.

While it has to wait, nothing is asked: which headers say so stands in
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import certifi
import httpx
import orjson

from toban.chapters.release.source import SourceFailed
from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.engine.git.line import shown
from toban.message import NOTHING, Message, message_of, plain

VERSION = "2022-11-28"
_PER_PAGE = 100
_MOST_PAGES = 10
_LARGEST_ANSWER = 16 * 1024**2
_SHORTEST_WAIT, _LONGEST_WAIT = 60.0, 3600.0
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _GONE, _INVALID, _TOO_MANY = 401, 403, 404, 410, 422, 429
_REDIRECTS, _CLIENT_ERRORS, _SERVER_ERRORS = range(300, 400), 400, 500

_waits: dict[str, float] = {}
"""The address and token → when it may be asked again, by the clock that is never set back."""
_waits_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Answer:
    """What GitHub answered."""

    status: int
    content: Any


@dataclass(frozen=True, slots=True)
class GitHubApi:
    """One repository by the API."""

    address: str
    repository: str
    token: Secret
    timeout: float = 20.0
    ca_file: Path | None = None
    proxy: Secret | None = None

    def get(self, path: str, **query: str) -> Any:
        """Return what is at *path* below the repository; raise `SourceFailed`."""
        return self._ask("GET", path, query).content

    def items(self, path: str, key: str = "", **query: str) -> Iterator[Any]:
        """Yield all items at *path*, of all pages; *key* names their list in an object.

        Raises `SourceFailed` if there are more than anybody could judge.
        """
        for page in range(1, _MOST_PAGES + 1):
            asked = {**query, "per_page": str(_PER_PAGE), "page": str(page)}
            found = self.get(path, **asked)
            listed = found.get(key) if key and isinstance(found, dict) else found
            if not isinstance(listed, list):
                raise self._failed("release-github.answer-unreadable", path=path)
            yield from listed
            if len(listed) < _PER_PAGE:
                return
        raise self._failed(
            "release-github.too-many-items", retry=False, path=path, count=_MOST_PAGES * _PER_PAGE
        )

    def post(self, path: str, content: Mapping[str, object] | None = None) -> Answer:
        """Send *content* to *path* below the repository; raise `SourceFailed`."""
        return self._ask("POST", path, {}, content)

    def _ask(
        self, method: str, path: str, query: Mapping[str, str], content: Mapping[str, object] | None = None
    ) -> Answer:
        key = f"{self.address} {self.token.reference}"
        with _waits_lock:
            wait = _waits.get(key, 0.0) - time.monotonic()
        if wait > 0:
            raise self._failed("release-github.asked-too-often", seconds=int(wait) + 1)
        token = self._revealed(self.token)
        url = httpx.URL(f"{self.address}/repos/{self.repository}{path}", params=query)
        request = httpx.Request(
            method,
            url,
            headers={
                "authorization": f"Bearer {token}",
                "accept": "application/vnd.github+json",
                "accept-encoding": "identity",
                "user-agent": "toban",
                "x-github-api-version": VERSION,
            },
            json=content,
            extensions={"timeout": httpx.Timeout(self.timeout).as_dict()},
        )
        reply, body = self._sent(request)
        if reply.status_code < _REDIRECTS.start:
            return Answer(reply.status_code, self._read(body, path))
        raise self._refusal(reply, shown(body.decode("utf-8", "replace")).replace(token, "…"), key)

    def _sent(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        proxy = self._revealed(self.proxy) if self.proxy is not None else None
        deadline = time.monotonic() + self.timeout
        try:
            with httpx.HTTPTransport(verify=_trust(self.ca_file), proxy=proxy) as transport:
                reply = transport.handle_request(request)
                with closing(reply):
                    return reply, self._body(reply, deadline)
        except httpx.TimeoutException:
            raise self._failed("release-github.no-answer-in-time") from None
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
            why = plain(type(error).__name__ if self.proxy else shown(str(error)))
            raise self._failed("release-github.unreachable", why=why) from None

    def _body(self, reply: httpx.Response, deadline: float) -> bytes:
        found = bytearray()
        for piece in reply.iter_raw():
            found += piece
            if len(found) > _LARGEST_ANSWER:
                raise self._failed("release-github.answer-unreadable", retry=False, path=reply.url.path)
            if time.monotonic() > deadline:
                raise httpx.ReadTimeout("the answer does not end")
        return bytes(found)

    def _read(self, body: bytes, path: str) -> Any:
        if not body:
            return None
        try:
            return orjson.loads(body)
        except ValueError:
            raise self._failed("release-github.answer-unreadable", path=path) from None

    def _refusal(self, reply: httpx.Response, words: str, key: str) -> SourceFailed:
        status = reply.status_code
        wait = seconds_to_wait(status, reply.headers, time.time())
        if wait is not None:
            with _waits_lock:
                _waits[key] = time.monotonic() + wait
            return self._failed("release-github.asked-too-often", seconds=int(wait) + 1)
        code, hint = _REFUSALS.get(status, ("", NOTHING))
        if not code:
            code = "release-github.refused"
            if status in _REDIRECTS:
                code, hint = "release-github.moved", Message("release-github.write-the-new-name")
        said = self._failed(code, retry=status >= _SERVER_ERRORS, status=status, words=words)
        said.hint = hint
        return said

    def _failed(self, code: str, *, retry: bool = True, **values: object) -> SourceFailed:
        return SourceFailed(Message(code, repository=self.repository, **values), retry=retry)

    def _revealed(self, secret: Secret) -> str:
        try:
            return secret.reveal()
        except SecretUnavailable as error:
            raise SourceFailed(message_of(error), retry=False) from error


_REFUSALS: Mapping[int, tuple[str, Message]] = {
    _UNAUTHORIZED: ("release-github.token-refused", Message("release-github.renew-the-token")),
    _FORBIDDEN: ("release-github.token-too-weak", Message("release-github.widen-the-token")),
    _NOT_FOUND: ("release-github.not-found", Message("release-github.check-name-and-token")),
    _GONE: ("release-github.not-found", Message("release-github.check-name-and-token")),
    _INVALID: ("release-github.not-accepted", NOTHING),
}


def seconds_to_wait(status: int, headers: Mapping[str, str], now: float) -> float | None:
    """Return how long to ask nothing; None if the answer is not about how often was asked.

    *now* is in seconds since 1970.
    """
    if status not in (_FORBIDDEN, _TOO_MANY):
        return None
    if (asked := _seconds(headers.get("retry-after", ""))) is not None:
        return min(asked, _LONGEST_WAIT)
    if headers.get("x-ratelimit-remaining") == "0":
        reset = _seconds(headers.get("x-ratelimit-reset", ""))
        return min(max((reset or now) - now, 1.0), _LONGEST_WAIT)
    return _SHORTEST_WAIT if status == _TOO_MANY else None


def _seconds(written: str) -> float | None:
    return float(written) if written.isascii() and written.isdecimal() else None


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that trusts the system's authorities, certifi's, and those of *ca_file*."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context
