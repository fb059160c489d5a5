"""A host's log files, an agent that follows them, and a server that stores a batch once."""

import bz2
import gzip
import io
import lzma
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import lz4.frame  # type: ignore[import-untyped]
import zstandard

from toban.engine.clock import system_clock
from toban.faces.agent.files.positions import Positions
from toban.faces.agent.files.tail import FileTail
from toban.faces.agent.logs import Shipper


def zipped(content: bytes, *, files: int = 1, how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip file with *files* logs."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", how) as into:
        for number in range(files):
            into.writestr(f"app-{number}.log", content)
    return archive.getvalue()


PACKERS: Mapping[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    # The compression ratio does not matter here, and the default preset takes twenty times as long.
    ".xz": partial(lzma.compress, preset=0),
    ".bz2": bz2.compress,
    ".zst": zstandard.compress,
    ".lz4": lz4.frame.compress,
    ".zip": zipped,
}


def pack(path: Path, ending: str = ".gz") -> Path:
    """Compress the file at *path* and remove it; return the result, which keeps the modification time."""
    packed, found = path.with_name(path.name + ending), path.stat()
    packed.write_bytes(PACKERS[ending](path.read_bytes()))
    os.utime(packed, ns=(found.st_atime_ns, found.st_mtime_ns))
    path.unlink()
    return packed


@dataclass
class Collector:
    """Behaves like `POST /ingest/logs`: a batch with a known key is already stored."""

    stored: dict[str, list[bytes]] = field(default_factory=dict)
    asked: list[httpx.QueryParams] = field(default_factory=list)
    status: int = 200
    answer: str = ""
    forgets_to_answer: bool = False
    meanwhile: Callable[[], None] | None = None
    """What happens once on the host while a request is on its way."""

    def take(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.params)
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        if self.status != 200:
            if self.answer.startswith("<html>"):
                return httpx.Response(self.status, html=self.answer)
            return httpx.Response(self.status, text=self.answer, headers={"retry-after": "7"})
        key = request.headers["idempotency-key"]
        lines = zstandard.ZstdDecompressor().decompressobj().decompress(request.content).split(b"\n")
        self.stored.setdefault(key, [line for line in lines if line])
        if self.forgets_to_answer:
            raise httpx.ReadTimeout("the answer got lost", request=request)
        if self.answer:
            return httpx.Response(200, text=self.answer)
        return httpx.Response(200, json={"stored": len(lines), "refused": 0, "reasons": []})

    @property
    def lines(self) -> list[bytes]:
        """All stored lines, in the order they arrived."""
        return [line for batch in self.stored.values() for line in batch]


@dataclass
class Host:
    """A machine whose clock is moved by the test."""

    folder: Path
    patterns: tuple[str, ...] = ("app.log",)
    collector: Collector = field(default_factory=Collector)
    seconds: float = 0.0

    @property
    def log(self) -> Path:
        return self.folder / "app.log"

    def write(self, *lines: str, end: str = "\n") -> None:
        """Let the application write more lines."""
        with self.log.open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + end)
        self._stamp(self.log)

    def rename(self) -> None:
        """Rotate like logrotate does by default."""
        self._make_room()
        self.log.rename(self.folder / "app.log.1")
        self.log.touch()
        self._stamp(self.log)

    def copy_and_truncate(self) -> None:
        """Rotate like logrotate does with `copytruncate`."""
        self.copy()
        self.truncate()

    def copy(self) -> None:
        """Make the copy that `copytruncate` begins with."""
        self._make_room()
        shutil.copy(self.log, self.folder / "app.log.1")
        self._stamp(self.folder / "app.log.1")

    def truncate(self) -> None:
        """Empty the file, as `copytruncate` does after that; the application may have written meanwhile."""
        os.truncate(self.log, 0)
        self._stamp(self.log)

    def pack(self, number: int = 1, ending: str = ".gz") -> Path:
        """Compress the rotated file and keep its modification time, like logrotate, gzip and similar."""
        return pack(self.folder / f"app.log.{number}", ending)

    def now(self) -> datetime:
        """Return the time of this host."""
        return system_clock() + timedelta(seconds=self.seconds)

    def _stamp(self, path: Path) -> None:
        """Set the modification time of *path* to the time of this host."""
        at = self.now().timestamp()
        os.utime(path, (at, at))

    def _make_room(self) -> None:
        for number in range(8, 0, -1):
            for ending in ("", *PACKERS):
                older = self.folder / f"app.log.{number}{ending}"
                if older.exists():
                    older.rename(self.folder / f"app.log.{number + 1}{ending}")

    @contextmanager
    def agent(self) -> Iterator[Shipper]:
        """Run an agent; leaving the block is like killing it: it gets no chance to clean up."""
        tail = FileTail(
            [str(self.folder / each) for each in self.patterns],
            Positions(self.folder / "spool"),
            self.now,
            lambda: self.seconds,
        )
        transport = httpx.MockTransport(self.collector.take)
        with httpx.Client(transport=transport, base_url="http://toban.example") as client:
            yield Shipper(tail, client, "web-1", is_stopped=lambda: False, elapsed=lambda: self.seconds)
        tail.close()

    def sends(self) -> list[bytes]:
        """Start an agent, let it send everything, and return all stored lines."""
        with self.agent() as shipper:
            shipper.step()
        return self.collector.lines
