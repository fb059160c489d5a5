"""What the agent measures: look at the host, spool, send. What could not be sent waits on the disk.

A reading is written to the spool before it is sent, and removed once the server has acknowledged it: whatever
happens to either side, none is lost, until the spool is full; then the oldest go.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import httpx
import structlog

from toban.chapters.monitoring.source import Source
from toban.faces.agent.client import ANOTHER, is_page
from toban.faces.ingest import agents

_AT_ONCE = 200
"""Readings of one request."""

log = structlog.get_logger(__name__)


class Spool:
    """Readings on the disk, one file each, named so that they sort by time."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, reading: Mapping[str, object], at: datetime) -> None:
        """Keep *reading*, and let go of the oldest beyond the bound."""
        path = self._folder / f"{at:%Y%m%dT%H%M%S%f}.json"
        # Whole or not at all: a reading that was cut off by a power cut must not stop the rest.
        unfinished = path.with_suffix(".new")
        unfinished.write_text(json.dumps(reading), encoding="utf-8")
        unfinished.replace(path)
        for old in self._files()[: -self._most]:
            old.unlink(missing_ok=True)

    def oldest(self, count: int) -> dict[Path, object]:
        """Return the oldest *count* readings; what can't be read is removed."""
        found: dict[Path, object] = {}
        for path in self._files()[:count]:
            try:
                found[path] = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                log.warning("reading_unreadable", file=path.name, reason=str(error))
                path.unlink(missing_ok=True)
        return found

    def __len__(self) -> int:
        return len(self._files())

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.json"))


class Agent:
    """One host's agent. `look` and `send` are called again and again, from one thread."""

    def __init__(self, source: Source, spool: Spool, client: httpx.Client, instance: str) -> None:
        self._source = source
        self._spool = spool
        self._client = client
        self._instance = instance

    def look(self, now: datetime) -> None:
        """Measure the host and put what was found into the spool."""
        measured = self._source.measure(now)
        self._spool.put(agents.reading(self._instance, measured, now), now)

    def send(self) -> str:
        """Send what waits, the oldest first; return why it could not be sent, empty when all was."""
        while waiting := self._spool.oldest(_AT_ONCE):
            report = {"instance": self._instance, "readings": list(waiting.values())}
            try:
                answer = self._client.post("/ingest/metrics", json=report)
            except httpx.HTTPError as error:
                # Its own words may hold the address, never the token: that is a header.
                return f"Toban に届きません: {type(error).__name__}"
            if is_page(answer) and (answer.is_success or answer.status_code == httpx.codes.BAD_REQUEST):
                return ANOTHER
            if not answer.is_success:
                why = " ".join(answer.text.split())[:200]
                if answer.status_code == httpx.codes.BAD_REQUEST:
                    # Sent again it would be refused again, and hold up all that came after.
                    log.error("readings_refused", count=len(waiting), reason=why)
                    self._remove(waiting)
                return f"Toban が {answer.status_code} を返しました: {why}"
            self._remove(waiting)
        return ""

    def _remove(self, sent: Mapping[Path, object]) -> None:
        for path in sent:
            path.unlink(missing_ok=True)
