"""Reads a crontab, on this host or another, and finds the line that starts a batch."""

import asyncio
import re
from pathlib import Path
from threading import Lock

from toban.chapters.batch.crontab import Crontab, Job, last_days, read_crontab
from toban.chapters.batch.crontabs.bindings import CrontabBinding
from toban.design.clauses.batch import Batch
from toban.engine.runs.kinds import key_of
from toban.message import Message, message_of, plain

_LONGEST = 1024 * 1024
_WITHIN = 30.0
"""Seconds for the other host's answer."""


class CrontabUnknown(Exception):
    """The crontab could not be read, or does not say which line it is; the message says why."""


class ReadCrontab:
    """One crontab, which is read once: all batches are looked for in the same lines."""

    def __init__(self, name: str, config: CrontabBinding) -> None:
        self.name, self.config = name, config
        self._lock = Lock()
        self._found: Crontab | CrontabUnknown | None = None

    @property
    def place(self) -> Message:
        """Where it is, for people."""
        login, path = self.config.ssh, self.config.path
        where = login.host if login is not None else ""
        file = path or "crontab -l"
        return plain(f"{where}:{file}" if where else file)

    def job_of(self, batch: Batch) -> Job | None:
        """Return the line that starts *batch*; None if none does. Raises `CrontabUnknown`."""
        wanted = self.config.jobs.get(key_of(batch))
        found = [job for job in self._read().jobs if _starts(job, batch, wanted)]
        if len(found) > 1:
            lines = tuple(job.line for job in found)
            raise CrontabUnknown(Message("batch.several-lines", batch=key_of(batch), lines=lines))
        if wanted is not None and not found:
            raise CrontabUnknown(Message("batch.no-such-line", batch=key_of(batch), words=wanted))
        return found[0] if found else None

    def _read(self) -> Crontab:
        with self._lock:
            if self._found is None:
                try:
                    self._found = read_crontab(_text(self.config), is_system=self.config.system)
                except CrontabUnknown as unknown:
                    self._found = unknown
            if isinstance(self._found, CrontabUnknown):
                raise CrontabUnknown(*self._found.args)
            return self._found


def fields_of(job: Job) -> str:
    """Return when cron starts *job*: a test for the last day of the month is written as that day.

    Raises `CrontabUnknown` if there is such a test, and cron does not ask it at the end of every month.
    """
    if not job.condition:
        return job.when
    clocks = [each.at for each in last_days(job) or () if each.at is not None]
    if not clocks:
        raise CrontabUnknown(Message("batch.tests-not-every-month", line=job.line, when=job.when))
    minutes, hours = sorted({each.minute for each in clocks}), sorted({each.hour for each in clocks})
    return f"{','.join(map(str, minutes))} {','.join(map(str, hours))} L * *"


def _starts(job: Job, batch: Batch, wanted: str | None) -> bool:
    if wanted is not None:
        return wanted in job.text
    said = f"{job.comment}\n{job.command}"
    is_named = batch.batch_id and re.search(rf"(?<![\w-]){re.escape(batch.batch_id)}(?![\w-])", said)
    return bool(is_named) or job.comment == batch.name


def _text(config: CrontabBinding) -> str:
    if config.ssh is None:
        return _of_file(Path(config.path or ""))
    # This loads the SSH library, which code that only reads the bindings need not wait for.
    from toban.engine.ssh.connect import answer_of  # noqa: PLC0415
    from toban.engine.ssh.host import Unreachable  # noqa: PLC0415

    host = config.ssh.way(config.ssh.host)
    asks = ("cat", "--", config.path) if config.path else ("crontab", "-l")
    try:
        answer = asyncio.run(answer_of(host, asks, _WITHIN))
    except Unreachable as away:
        raise CrontabUnknown(message_of(away)) from away
    except TimeoutError as late:
        raise CrontabUnknown(Message("batch.crontab-too-slow", host=str(host))) from late
    if answer.status != 0:
        why = answer.first_words or f"exit {answer.status}"
        raise CrontabUnknown(Message("batch.crontab-not-read", place=str(host), why=plain(why)))
    return answer.out[:_LONGEST]


def _of_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST).decode("utf-8", "replace")
    except OSError as error:
        why = error.strerror or str(error)
        raise CrontabUnknown(Message("batch.crontab-not-read", place=str(path), why=why)) from error
