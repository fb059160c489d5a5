"""Ping URLs like those of Healthchecks: a job elsewhere reports its state with one HTTP request.

The protocol is that of https://healthchecks.io/docs/http_api/ with the token in place of the UUID, so that
any of its clients works unchanged. The differences: an unknown token gets 404 and too many pings get 429,
where Healthchecks answers 200, and a ping never creates a check (`create`).
"""

import asyncio
import hashlib
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from django.db import DatabaseError, close_old_connections
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.clock import Clock
from toban.engine.runs.elsewhere import reported
from toban.engine.runs.elsewhere.belonging import ReportWord
from toban.engine.runs.elsewhere.reported import Report
from toban.engine.runs.work import Work
from toban.message import message_of

KEPT = 10_000
"""Bytes of a body that are kept, as Healthchecks does by default."""

_LARGEST = 1024 * 1024
"""Bytes of a body that are read: more than are kept, so that a job with a longer one keeps its ping."""

MOST_PER_MINUTE = 60
"""Pings of one batch; a job that starts and ends each minute sends two."""

_MINUTE = 60.0
_KNOWN_FOR = 10.0
"""Seconds until tokens are read again: a renewed token works soon."""

_STATUS = re.compile("[0-9]{1,3}")
_MOST_STATUS = 255
_HEADERS = {"Ping-Body-Limit": str(KEPT), "Cache-Control": "no-store"}

log = structlog.get_logger(__name__)


class _BadPing(Exception):
    """The request does not follow the protocol; the message is the answer."""


@dataclass(frozen=True, slots=True)
class _PingAddress:
    """What a URL says."""

    word: ReportWord
    status: int | None = None


class Pings:
    """The batches that report by pings, by the digest of their tokens."""

    def __init__(
        self,
        works: Callable[[], Mapping[str, Work]],
        clock: Clock,
        *,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """*works* returns the works of the edition in force; *seconds* is a clock that is never set back."""
        self._works = works
        self._clock = clock
        self._seconds = seconds
        self._tokens = _Tokens({}, float("-inf"))
        self._recent: dict[str, deque[float]] = {}

    async def answer(self, request: Request) -> Response:
        """Take a ping and answer as Healthchecks does."""
        work = await asyncio.to_thread(self._work_of, request.path_params["token"])
        if work is None:
            return _plain("not found", 404)
        if self._is_too_many(work.key):
            return _plain("rate limit exceeded", 429, {"Retry-After": "60"})
        try:
            told, rid = _told(request.path_params.get("word", "")), _rid(request)
        except _BadPing as exc:
            return _plain(str(exc), 400)
        body = await _body(request)
        if body is None:
            log.warning("ping_refused", batch=work.key, reason="body too large")
            # Closed, because the rest of the body would be taken for the next request.
            return _plain("the body is too large", 413, {"Connection": "close"})
        text = body.decode("utf-8", "replace")
        report = Report(told.word, self._clock(), text, told.status, rid)
        return await asyncio.to_thread(_taken, work, report)

    def _work_of(self, token: str) -> Work | None:
        works, now = self._works(), self._seconds()
        if self._tokens.works is not works or now - self._tokens.read_at >= _KNOWN_FOR:
            self._tokens = _Tokens(works, now)
        # Digests are looked up: how long that takes reveals nothing about a token.
        return self._tokens.by_digest.get(_digest(token))

    def _is_too_many(self, key: str) -> bool:
        now, recent = self._seconds(), self._recent.setdefault(key, deque())
        while recent and now - recent[0] >= _MINUTE:
            recent.popleft()
        if len(recent) >= MOST_PER_MINUTE:
            return True
        recent.append(now)
        return False


@dataclass
class _Tokens:
    """The tokens of *works* as they were at a moment."""

    works: Mapping[str, Work]
    read_at: float
    by_digest: dict[bytes, Work] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for work in self.works.values():
            if work.reported is None:
                continue
            try:
                self.by_digest[_digest(work.reported.token.reveal())] = work
            except SecretUnavailable as exc:
                log.warning("ping_token_unavailable", batch=work.key, reason=message_of(exc).as_json())


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _told(word: str) -> _PingAddress:
    if not word:
        return _PingAddress(ReportWord.SUCCESS)
    if _STATUS.fullmatch(word):
        status = int(word)
        if status > _MOST_STATUS:
            raise _BadPing("invalid url format")
        return _PingAddress(ReportWord.FAIL if status else ReportWord.SUCCESS, status)
    if word not in (ReportWord.START, ReportWord.FAIL, ReportWord.LOG):
        raise _BadPing("invalid url format")
    return _PingAddress(ReportWord(word))


def _rid(request: Request) -> str:
    written = request.query_params.get("rid")
    if written is None:
        return ""
    try:
        return str(UUID(written))
    except ValueError as exc:
        raise _BadPing("invalid uuid format") from exc


async def _body(request: Request) -> bytes | None:
    """Return the first bytes of the body, or None if there are too many to read."""
    kept, count = b"", 0
    async for piece in request.stream():
        count += len(piece)
        if count > _LARGEST:
            return None
        kept += piece[: KEPT - len(kept)]
    return kept


def _taken(work: Work, report: Report) -> Response:
    close_old_connections()
    try:
        reported.take(work, report)
    except DatabaseError as exc:
        log.warning("ping_not_kept", batch=work.key, word=report.word, reason=str(exc))
        return _plain("the state database does not answer", 503, {"Retry-After": "5"})
    finally:
        close_old_connections()
    return _plain("OK", 200)


def _plain(text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return PlainTextResponse(text, status, headers={**_HEADERS, **(headers or {})})
