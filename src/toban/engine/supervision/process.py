"""One program as a child process: its start, its signals and its output."""

import asyncio
import logging
import os
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import override

from toban.engine.supervision.program import Program
from toban.engine.supervision.rules import Child
from toban.engine.supervision.tether import tethered

LOG_BYTES = 10 * 1024 * 1024
LOG_FILES = 5
_BLOCK = 65536


class _ChildLogHandler(RotatingFileHandler):
    """A rotated file that may fail quietly."""

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        """Drop the line: on a full disk, a traceback for each would bury what the operator must see."""


class ProcessLog:
    """The output of a child, in a file that is rotated before it fills the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last_line = ""
        self._file = _ChildLogHandler(
            path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", delay=True
        )

    async def copy_from(self, pipe: int) -> None:
        """Write lines until the pipe ends, and close it. It reads blocks, because a line may never end."""
        stream = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(pipe, "rb", buffering=0)
        )
        pending = b""
        while block := await stream.read(_BLOCK):
            *lines, pending = (pending + block).split(b"\n")
            if len(pending) >= _BLOCK:
                lines, pending = [*lines, pending], b""
            for line in lines:
                self._write(line)
        if pending:
            self._write(pending)

    def close(self) -> None:
        """Close the file; lines that did not fit on a full disk are lost."""
        with suppress(OSError):
            self._file.close()

    def _write(self, line: bytes) -> None:
        text = line.decode(errors="replace")
        self.last_line = text.strip() or self.last_line
        self._file.handle(logging.makeLogRecord({"msg": text}))


@dataclass(slots=True)
class SupervisedProgram:
    """A program that the supervisor keeps running, and its current process, if it has one."""

    program: Program
    log: ProcessLog
    child: Child = field(default_factory=Child)
    pid: int | None = None
    is_ready: bool = False
    was_ready: bool = False
    """It has been ready once: programs that start after it need not wait for it again."""
    starts: int = 0

    async def start(self) -> tuple[asyncio.subprocess.Process, int]:
        """Start the process as the leader of its own process group; the kernel ends it with this process.

        Returns the process, and the pipe that carries its output. With asyncio's own pipe, the end of the
        process would wait for the end of the pipe, which a child of the process may hold open for ever.
        """
        output, end = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *tethered(list(self.program.command), parent=os.getpid()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=end,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, **self.program.environment},
                cwd=self.program.directory,
                process_group=0,
            )
        except BaseException:
            os.close(output)
            raise
        finally:
            os.close(end)
        self.pid = process.pid
        self.starts += 1
        self.is_ready = False
        return process, output

    def ask_to_stop(self) -> None:
        """Send the program's own stop signal."""
        if self.pid is not None:
            with suppress(ProcessLookupError):  # it may have ended by itself meanwhile
                os.kill(self.pid, self.program.stop_signal)

    def kill(self) -> None:
        """Kill the process and the rest of its group, even if the process itself is gone."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
