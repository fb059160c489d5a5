"""From a crontab's jobs to rows of the batch table and tables of `toban.toml`: a proposal, and what is left.

Nothing is dropped silently: each job becomes one or more rows, or is listed with the reason why not. The
rows are read back by the document's own reader before they are proposed.
"""

import re
import shlex
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from toban.chapters.batch.crontab import Crontab, Job, Leftover, last_days
from toban.design.clauses.batch import Batch
from toban.design.reader import read_design
from toban.design.values.schedule import DayOfMonth, Schedule, read_schedule
from toban.design.values.schedule.cron import read_cron
from toban.design.values.schedule.rule import ZONES
from toban.engine.bindings.toml import quoted
from toban.message import Message

_SHELL = re.compile(r"[|&;<>()$`\\*?\[\]~#!{}\n\"']|^\w+=")
_WRAPPED = re.compile(r"[#\n]|&\s*$|\b(?:exec|exit|return)\b")
_CURL = "curl -fsS -m 10 --retry 5 -o /dev/null"
_CURL_ONCE = "curl -fsS -m 3 -o /dev/null"
"""For the start: it must not hold up the job where Toban can't be reached."""
_FIELDS = 5
"""The most rows of one job."""
_LEAP_YEAR = 2028
_LONGEST_NAME = 40
_HEAD = """\
| バッチID | バッチ名 | 実行タイミング | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|
"""
_SECTION = "## バッチ処理\n\n### バッチ一覧\n"


class AdoptionWay(StrEnum):
    """Who runs the job from now on."""

    PING = "ping"
    """Cron still does, and reports to Toban."""
    COMMAND = "command"
    """Toban does."""


@dataclass(frozen=True, slots=True)
class AdoptedJob:
    """A job and one of its rules for due times, as a batch."""

    job: Job
    key: str
    name: str
    timing: str
    """The cell of the schedule."""
    when: str = ""
    """The fields of this rule alone, where the job has several; empty for the job's own."""

    @property
    def row(self) -> str:
        """The line of the document's table."""
        cells = (self.key, self.name, self.timing, self.job.command, "アラート")
        return f"| {' | '.join(_cell(cell) for cell in cells)} |"


@dataclass(frozen=True, slots=True)
class AdoptionProposal:
    """What is proposed for a crontab."""

    way: AdoptionWay
    adopted: tuple[AdoptedJob, ...]
    left: tuple[Leftover, ...]
    notes: tuple[Message, ...] = ()
    """What is different from cron."""

    @property
    def table(self) -> str:
        """Return the rows for the document, with the table's head."""
        return _HEAD + "".join(f"{each.row}\n" for each in self.adopted)


def propose(
    crontab: Crontab, *, way: AdoptionWay, prefix: str, zone: str, host_zone: str
) -> AdoptionProposal:
    """Propose batches for all jobs; *zone* is the document's time zone, *host_zone* that of cron's host."""
    adopted: list[AdoptedJob] = []
    left = list(crontab.left)
    for job in crontab.jobs:
        try:
            _demand_no_input(job, way)
            timings = _timings(job, zone, job.zone or host_zone)
        except _NotCarried as error:
            left.append(Leftover(job.line, job.text, error.reason))
            continue
        for position, (timing, when) in enumerate(timings, start=1):
            key, is_one = f"{prefix}{len(adopted) + 1:03}", len(timings) == 1
            name = _name(job) if is_one else f"{_name(job)} ({position})"
            adopted.append(AdoptedJob(job, key, name, timing, "" if is_one else when))
    return _read_back(AdoptionProposal(way, tuple(adopted), tuple(left), tuple(_notes(crontab, way))))


def bindings(proposal: AdoptionProposal) -> str:
    """Return the tables for `toban.toml`."""
    head = "".join(f"# {note}\n" for note in proposal.notes)
    tables = ["\n".join(_table(each, proposal.way)) + "\n" for each in proposal.adopted]
    return "\n".join([head, *tables] if head else tables)


def arguments(job: Job) -> tuple[str, ...]:
    """Return the job's command as an argument list: split if it needs no shell, else passed to one."""
    settings = [f"{name}={value}" for name, value in job.settings.items()]
    before = ("env", *settings) if settings else ()
    if _SHELL.search(job.command):
        return (*before, job.shell, "-c", job.command)
    return (*before, *job.command.split())


def crontab_lines(proposal: AdoptionProposal, urls: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each adopted line as it is and as it should be, with the ping at its end; *urls* are by key.

    A job with several rows becomes as many lines, each with its own URL.
    """
    for each in proposal.adopted:
        yield each.job.text, _pinging(each, urls[each.key])


class _NotCarried(Exception):
    """The job can't be a batch."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason


def _demand_no_input(job: Job, way: AdoptionWay) -> None:
    if way is AdoptionWay.COMMAND and job.has_input:
        raise _NotCarried(Message("batch.cron-gives-input"))


def _timings(job: Job, zone: str, own_zone: str) -> Sequence[tuple[str, str]]:
    """Return each rule of the job in the document's words, and as five fields."""
    if job.when == "@reboot":
        raise _NotCarried(Message("batch.cron-at-reboot"))
    schedules = last_days(job) if job.condition else read_cron(job.when.lower())
    if schedules is None:
        raise _NotCarried(Message("batch.cron-schedule-has-no-words"))
    schedules = tuple(schedule for schedule in schedules if _comes(schedule))
    if not schedules:
        raise _NotCarried(Message("batch.cron-day-never-comes"))
    if own_zone == zone:
        return [(_words(schedule, _fields(job, schedule)), _fields(job, schedule)) for schedule in schedules]
    named = next((word for word, meaning in ZONES.items() if meaning == own_zone), None)
    if named is None:
        raise _NotCarried(Message("batch.zone-not-in-document", zone=own_zone, known=tuple(ZONES)))
    return [
        (_words(replace(schedule, zone=own_zone), zone=f" {named}"), _fields(job, schedule))
        for schedule in schedules
    ]


def _comes(schedule: Schedule) -> bool:
    """Whether its date exists: cron never runs a line for 31 February, and a row would wait for it."""
    months = schedule.months or range(1, 13)
    longest = max(monthrange(_LEAP_YEAR, month)[1] for month in months)
    return not isinstance(schedule.day, DayOfMonth) or schedule.day.day <= longest


def _fields(job: Job, schedule: Schedule) -> str:
    fields = job.when.split()
    if schedule.at is None or len(fields) != _FIELDS:
        return job.when
    day = schedule.day.day if isinstance(schedule.day, DayOfMonth) else 0
    date = str(day) if day > 0 else fields[2]
    return f"{schedule.at.minute} {schedule.at.hour} {date} {fields[3]} {fields[4]}"


def _words(schedule: Schedule, fields: str = "", *, zone: str = "") -> str:
    """Write *schedule* in the document's words or as cron does: whichever the reader reads back the same."""
    words = str(replace(schedule, zone="")) + zone
    for written in (words, fields):
        if read_schedule(written) == schedule:
            return written
    raise _NotCarried(Message("batch.schedule-not-read-back", schedule=words))


def _name(job: Job) -> str:
    if job.comment:
        return job.comment[:_LONGEST_NAME]
    words = [word for word in job.command.split() if "=" not in word]
    return (words[0].rpartition("/")[2] if words else job.command)[:_LONGEST_NAME] or "cron"


def _notes(crontab: Crontab, way: AdoptionWay) -> Iterator[Message]:
    if way is AdoptionWay.PING:
        return
    yield Message("batch.adopted-commands-run-elsewhere")
    if crontab.mail_to:
        yield Message("batch.cron-mailed-output", address=crontab.mail_to)


def _table(adopted: AdoptedJob, way: AdoptionWay) -> Iterator[str]:
    name = " ".join(adopted.name.split())
    yield f"# {Message('batch.line-of-crontab', line=adopted.job.line, name=name)}"
    if adopted.job.user and way is AdoptionWay.COMMAND:
        yield f"# {Message('batch.cron-ran-it-as-user', user=adopted.job.user)}"
    yield f"[batches.{adopted.key}]"
    if way is AdoptionWay.PING:
        yield 'kind = "ping"'
        yield f"token = {quoted(f'file:pings/{adopted.key}')}"
        yield 'grace = "30分"'
        # The start is reported, so that only a job that hangs must be waited for.
        yield 'timeout = "24時間"'
    else:
        yield f"command = [{', '.join(quoted(each) for each in arguments(adopted.job))}]"
        # Cron still runs it: people compare what Toban would do before they move it on.
        yield 'mode = "shadow"'


def _pinging(adopted: AdoptedJob, url: str) -> str:
    job = adopted.job
    command, percent, given = job.raw_command.partition("%") if job.has_input else (job.raw_command, "", "")
    # A percent sign that is not escaped begins the command's input.
    while percent and command.endswith("\\"):
        more, percent, given = given.partition("%")
        command = f"{command}%{more}"
    if _WRAPPED.search(command):
        # A command that would end the shell, or comment out the ping, gets a shell of its own.
        command = f"{job.shell} -c {shlex.quote(command.strip())}"
    head = " ".join(part for part in (adopted.when or job.when, job.user) if part)
    told = f"{_CURL_ONCE} {url}/start; {command.strip()}; {_CURL} {url}/$?"
    # On the other days nothing began: the condition stays in front of both pings.
    body = f"{job.condition} && {{ {told}; }}" if job.condition else told
    return f"{head} {body}{percent}{given}"


def _cell(text: str) -> str:
    """Escape *text* so that a table's cell shows exactly that."""
    plain = " ".join(text.split())
    return re.sub(r"([\\|`*_<\[\]~&#])", r"\\\1", plain)


def _read_back(proposal: AdoptionProposal) -> AdoptionProposal:
    """Return *proposal* with the rows that the reader understands; the rest is listed as left, not lost."""
    if not proposal.adopted:
        return proposal
    design = read_design(f"{_SECTION}{proposal.table}", "")
    understood = {(batch.batch_id, str(batch.schedule)) for batch in design.of(Batch)}
    good = [each for each in proposal.adopted if (each.key, _canonical(each.timing)) in understood]
    lost = {each.job.line: each.job for each in proposal.adopted if each not in good}
    kept = tuple(each for each in good if each.job.line not in lost)
    left = (
        *proposal.left,
        *(Leftover(job.line, job.text, Message("batch.row-not-read-back")) for job in lost.values()),
    )
    return replace(proposal, adopted=kept, left=tuple(sorted(left, key=lambda each: each.line)))


def _canonical(timing: str) -> str:
    return str(read_schedule(timing))
