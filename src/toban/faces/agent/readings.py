"""What the agent measures: look at the host, spool, send. Readings that could not be sent wait on disk.

A reading is written to the spool before it is sent, and removed once the server has acknowledged it. So none
is lost, whatever happens to either side, until the spool is full; then the oldest are dropped. If this host's
clock turns out to be wrong, waiting readings are dated again by the server's clock.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import structlog

from toban.chapters.monitoring.pushing import agent as agents
from toban.chapters.monitoring.source import Source
from toban.engine.clock import Clock, system_clock
from toban.faces.agent.client import ANOTHER, is_page
from toban.faces.agent.clocks import OFF, compared, time_of
from toban.message import NOTHING, Message

_AT_ONCE = 200
"""Readings per request."""

_NEVER_TAKEN = frozenset((httpx.codes.BAD_REQUEST, httpx.codes.REQUEST_ENTITY_TOO_LARGE))
"""Answers after which the same readings would be refused again."""

_LONG_AGO = timedelta(days=365)
"""No reading waits this long: its host's clock was wrong. The server's own limit is a little later."""

_NAME = "%Y%m%dT%H%M%S%f"
"""When a reading was taken, by this host's clock in UTC."""

log = structlog.get_logger(__name__)


class Spool:
    """Readings on the disk, one file each, named so that they sort by time."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, reading: Mapping[str, object], at: datetime) -> None:
        """Save *reading*, and delete the oldest ones beyond the limit."""
        self._write(self._folder / f"{at.astimezone(UTC).strftime(_NAME)}.json", reading)
        for old in self._files()[: -self._most]:
            old.unlink(missing_ok=True)

    def oldest(self, count: int) -> dict[Path, dict[str, object]]:
        """Return the oldest *count* readings; what can't be read is removed."""
        found: dict[Path, dict[str, object]] = {}
        for path in self._files()[:count]:
            try:
                found[path] = _read(path)
            except (OSError, ValueError, TypeError) as error:
                log.warning("reading_unreadable", file=path.name, reason=str(error))
                path.unlink(missing_ok=True)
        return found

    def note_anew(self, at: Callable[[datetime, datetime], datetime | None]) -> int:
        """Date each reading again: *at* gets when it was taken by this host's clock, and its recorded time.

        Readings for which it returns None are deleted; return how many.
        """
        gone = 0
        for path in self._files():
            try:
                reading = _read(path)
                noted = datetime.fromisoformat(str(reading.get("at")))
                true = at(datetime.strptime(path.stem, _NAME).replace(tzinfo=UTC), noted)
            except (OSError, ValueError, TypeError):
                # This is logged when it is sent.
                continue
            if true is None:
                path.unlink(missing_ok=True)
                gone += 1
            elif true != noted:
                self._write(path, {**reading, "at": true.isoformat()})
        return gone

    def _write(self, path: Path, reading: Mapping[str, object]) -> None:
        # Whole or not at all: a reading that was cut off by a power cut must not stop the rest.
        unfinished = path.with_suffix(".new")
        unfinished.write_text(json.dumps(reading), encoding="utf-8")
        unfinished.replace(path)

    def __len__(self) -> int:
        return len(self._files())

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.json"))


def _read(path: Path) -> dict[str, object]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


class Agent:
    """One host's agent. `look` and `send` are called again and again, from one thread."""

    def __init__(
        self, source: Source, spool: Spool, client: httpx.Client, instance: str, clock: Clock = system_clock
    ) -> None:
        self._source = source
        self._spool = spool
        self._client = client
        self._instance = instance
        self._clock = clock
        self._ahead = timedelta()

    def look(self) -> None:
        """Measure the host and put what was found into the spool."""
        now = self._clock()
        at = now - self._ahead
        measured = self._source.measure(at)
        self._spool.put(agents.reading(self._instance, measured, at), now)

    def send(self) -> Message:
        """Send waiting readings, the oldest first; return why that failed, or nothing."""
        was_noted_anew = False
        at_once = _AT_ONCE
        while waiting := self._spool.oldest(at_once):
            report = {"instance": self._instance, "readings": list(waiting.values())}
            try:
                answer = self._client.post("/ingest/metrics", json=report)
            except httpx.HTTPError as error:
                # The error's text may hold the address, but never the token: that is a header.
                return Message("agent.toban-unreachable", error=type(error).__name__)
            if answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE and len(waiting) > 1:
                at_once = len(waiting) // 2
                continue
            if is_page(answer) and (answer.is_success or answer.status_code in _NEVER_TAKEN):
                return ANOTHER
            if self._is_clock_amiss(answer) and not was_noted_anew:
                # None of them was stored.
                was_noted_anew = True
                continue
            if not answer.is_success:
                why = " ".join(answer.text.split())[:200]
                if answer.status_code in _NEVER_TAKEN:
                    # Sent again, they would be refused again and hold up everything after them.
                    log.error("readings_refused", count=len(waiting), reason=why)
                    self._remove(waiting)
                return Message("agent.toban-answered", status=answer.status_code, answer=why)
            self._remove(waiting)
        return NOTHING

    def _is_clock_amiss(self, answer: httpx.Response) -> bool:
        """Learn from *answer* how wrong this host's clock is; say whether it refuses readings for that.

        If either is new, each waiting reading gets the time at which it was taken by the server's clock.
        """
        server = time_of(answer)
        if server is None:
            return False
        ahead, known = self._clock() - server, self._ahead
        self._ahead = compared(ahead, known)
        is_amiss = answer.status_code == httpx.codes.CONFLICT

        def by_server(taken: datetime, noted: datetime) -> datetime | None:
            # If the two differ, *noted* was corrected by what was known then, and the clock may have been set
            # since. If they agree, the clock may also have been right when this reading was taken.
            possible = (taken - ahead, taken) if taken == noted else (noted,)
            return next((at for at in possible if -_LONG_AGO <= at - server <= OFF), None)

        if (is_amiss or self._ahead != known) and (gone := self._spool.note_anew(by_server)):
            log.error("readings_of_no_time", count=gone)
        return is_amiss

    def _remove(self, sent: Mapping[Path, object]) -> None:
        for path in sent:
            path.unlink(missing_ok=True)
