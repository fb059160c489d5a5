"""How a batch of logs is sent: the same batch is retried until it is acknowledged."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import httpx
import structlog
import zstandard

from toban.faces.agent.amiss import Amiss
from toban.faces.agent.client import ANOTHER, is_page
from toban.faces.agent.clocks import OFF, compared, time_of
from toban.message import NOTHING, Message

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_WHERE = "/ingest/logs"
_OVER = frozenset((httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY))
"""Answers after which the same batch would be refused again."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Postponement:
    """Why a batch was not taken, and how long the server asks to wait."""

    reason: Message
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Parcel:
    """A batch that is ready to be sent."""

    path: str
    """The file or journal that it comes from."""
    key: str
    """The key by which the server recognises it."""
    at: str
    """When it was read, as ISO 8601: used for lines without a timestamp."""
    body: bytes
    was_sent: bool
    """Whether it may have reached the server."""


class ClockAmiss(Exception):
    """The server refused the time at which a batch was read; nothing was stored. It needs a new time."""


class ReadTimes(Protocol):
    """The source of batches, which records when they were read."""

    ahead: timedelta
    """How far this host's clock is ahead of the clock used for those times."""

    def now(self) -> datetime:
        """Return this host's time, uncorrected."""


def pause(attempts: int, asked: float) -> float:
    """Return the seconds to wait after *attempts* failures in a row, when the server asked for *asked*."""
    doubled = _FIRST_PAUSE * 2.0 ** min(attempts - 1, 10)
    return min(max(doubled, asked), _LONGEST_PAUSE)


class Courier(ABC):
    """Sends everything that is ready, and waits longer after each failure. Used by one thread."""

    def __init__(
        self,
        dated: ReadTimes,
        client: httpx.Client,
        host: str,
        *,
        is_stopped: Callable[[], bool],
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._dated = dated
        self._client = client
        self._host = host
        self._is_stopped = is_stopped
        self._elapsed = elapsed
        self._trouble = NOTHING
        self._attempts = 0
        self._not_before = float("-inf")

    def step(self) -> Message:
        """Send everything; return why that failed, or nothing."""
        if self._elapsed() < self._not_before:
            self._watch()
            return self._trouble
        try:
            held = self._send_all()
        except Amiss as problem:
            held = Postponement(problem.told)
        self._attempts = self._attempts + 1 if held else 0
        self._trouble = held.reason if held else self._amiss()
        if held:
            self._not_before = self._elapsed() + pause(self._attempts, held.seconds)
        return self._trouble

    def _watch(self) -> None:  # noqa: B027 - most have nothing to do then
        """Watch for changes while nothing is sent."""

    def _amiss(self) -> Message:
        """Return what is wrong although everything readable was sent; nothing if all is well."""
        return NOTHING

    @abstractmethod
    def _send_all(self) -> Postponement | None:
        """Send everything; return why that failed. Raises `Amiss` if the cause is on this host."""

    def _deliver(self, parcel: Parcel) -> Postponement | None:
        """Send *parcel*; return why it has to stay, or None when it is done. Raises `ClockAmiss`."""
        asked = {"file": parcel.path, "host": self._host, "at": parcel.at}
        if parcel.was_sent:
            # The first attempt may be long ago: the server looks for the batch first.
            asked["again"] = "1"
        headers = {"Idempotency-Key": parcel.key, "Content-Encoding": "zstd"}
        try:
            answer = self._client.post(
                _WHERE, params=asked, headers=headers, content=zstandard.compress(parcel.body)
            )
        except httpx.HTTPError as error:
            # The error's text may hold the address, but never the token: that is a header.
            return Postponement(Message("agent.toban-unreachable", error=type(error).__name__))
        server = time_of(answer)
        if server is not None:
            self._dated.ahead = compared(self._dated.now() - server, self._dated.ahead)
            is_wrong = abs(datetime.fromisoformat(parcel.at) - server) > OFF
            if answer.status_code == httpx.codes.CONFLICT and is_wrong:
                # With the server's time it can't be wrong again.
                raise ClockAmiss
        return _outcome(answer, parcel.path)


def _outcome(answer: httpx.Response, path: str) -> Postponement | None:
    """Return why a batch has to stay; None when it is done."""
    why = " ".join(answer.text.split())[:200]
    if answer.status_code in _OVER:
        if is_page(answer):
            return Postponement(ANOTHER)
        log.error("log_lines_refused", path=path, reason=why)
        return None
    if not answer.is_success:
        written = answer.headers.get("retry-after", "")
        seconds = float(written) if written.isascii() and written.isdecimal() else 0.0
        return Postponement(Message("agent.toban-answered", status=answer.status_code, answer=why), seconds)
    told = _told(answer)
    if told is None:
        return Postponement(ANOTHER)
    if told["refused"]:
        log.warning("log_lines_refused", path=path, count=told["refused"], first=told["reasons"][0]["reason"])
    return None


def _told(answer: httpx.Response) -> Any | None:
    """Return the server's report; None if the answer is not one: it may come from something else."""
    try:
        told = answer.json()
    except ValueError:
        return None
    return told if isinstance(told, dict) and "stored" in told and "refused" in told else None
