"""Crontabs as cron reads them: jobs, settings, and lines that are neither. Pure.

The form is that of crontab(5), of users and of the system (/etc/crontab, /etc/cron.d), with cronie's CRON_TZ.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from toban.design.values.schedule import Cadence, DayOfMonth, Schedule
from toban.design.values.schedule.cron import cron_rule
from toban.message import Message

_SETTING = re.compile(r"""("[^"]*"|'[^']*'|[A-Za-z_]\w*)\s*=\s*(.*?)\s*""")
_JOB = re.compile(r"(?P<when>@\w+|(?:\S+\s+){4}\S+)\s+(?P<rest>\S.*)")
_USER = re.compile(r"(?P<user>[A-Za-z_][\w.-]*\$?)\s+(?P<rest>\S.*)")
_PERCENT = re.compile(r"(?<!\\)%")
_LEGEND = re.compile(r"m(?:in(?:ute)?)?\s+h(?:our)?\s+d", re.IGNORECASE)
"""The line that explains the columns."""

_LAST_DAY = re.compile(
    r"""(?P<test>(?:\[|test)\ +"?(?:\$\(|`)date\ +(?:-d|--date[= ])\ *["']?(?:tomorrow|\+?1\ ?days?)["']?
    \ +["']?\+\\?%d["']?(?:\)|`)"?\ +(?:==?\ +["']?01["']?|-eq\ +["']?0?1["']?)(?:\ +\])?)
    \ *&&\ *(?P<rest>\S.*)""",
    re.VERBOSE,
)
r"""[ $(date -d tomorrow +\%d) = 01 ] && command: cron itself has no word for the last day."""

_WEEK, _MONTHS, _LAST_DATES = 7, 12, frozenset(range(28, 32))
_MOST = 24
"""The most clocks of a line that become rules."""

_LIKE_A_JOB = re.compile(r"(?:@\w+|[-*\d][\d*/,-]*\s+\S+\s+\S+\s+\S+\s+\S+)\s+\S")


@dataclass(frozen=True, slots=True)
class Job:
    """A line that cron runs, with what the lines above it set."""

    line: int
    text: str
    """The line as written."""
    when: str
    """Five fields separated by one space, or a nickname."""
    command: str
    """The command for the shell: percent signs unescaped, without the input."""
    raw_command: str
    """The command as in the line, with everything that follows."""
    has_input: bool
    """Whether the line gives the command something to read, after a percent sign."""
    user: str = ""
    """Who runs it, in the system's form."""
    zone: str = ""
    """The time zone from CRON_TZ; empty for the host's own."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """The environment that the lines above set, without the settings for cron itself."""
    shell: str = "/bin/sh"
    comment: str = ""
    """The comment right above the line."""
    condition: str = ""
    """The test before the command, as in the line, by which it runs on the last day of the month only."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """A line that is not carried over, and why."""

    line: int
    text: str
    reason: Message


@dataclass(frozen=True, slots=True)
class Crontab:
    """A crontab as read."""

    jobs: tuple[Job, ...]
    left: tuple[Leftover, ...]
    """Lines that are not a job, a setting or a comment."""
    mail_to: str = ""
    """Whom cron mailed the output to."""


_TO_CRON = frozenset(
    ("SHELL", "CRON_TZ", "MAILTO", "MAILFROM", "CONTENT_TYPE", "CONTENT_TRANSFER_ENCODING", "RANDOM_DELAY")
)
"""Settings for cron itself, not for what it runs."""


def read_crontab(text: str, *, is_system: bool) -> Crontab:
    """Read all lines of *text*; with *is_system* each job names its user in the sixth field."""
    jobs: list[Job] = []
    left: list[Leftover] = []
    settings: dict[str, str] = {}
    comment = ""
    for number, written in enumerate(text.splitlines(), start=1):
        line = written.strip()
        if line.startswith("#"):
            remark = line.lstrip("# \t")
            # A job that was commented out is not a name for the next.
            comment = "" if _LIKE_A_JOB.match(remark) or _LEGEND.match(remark) else remark
            continue
        if setting := _SETTING.fullmatch(line):
            settings[_unquoted(setting[1])] = _unquoted(setting[2])
        elif line:
            found = _job(number, line, settings, comment, is_system=is_system)
            if isinstance(found, Job):
                jobs.append(found)
            else:
                left.append(found)
        comment = ""
    return Crontab(tuple(jobs), tuple(left), settings.get("MAILTO", ""))


def last_days(job: Job) -> tuple[Schedule, ...] | None:
    """Return when a job runs that asks whether tomorrow is the first; None unless cron asks every month."""
    rule = cron_rule(job.when.lower())
    asks = rule is not None and not rule.is_either and rule.dates >= _LAST_DATES
    if rule is None or not asks or len(rule.months) < _MONTHS or len(rule.weekdays) < _WEEK:
        return None
    if len(rule.clocks) > _MOST:
        return None
    return tuple(Schedule(Cadence.MONTHLY, day=DayOfMonth(-1), at=clock) for clock in rule.clocks)


def _job(
    number: int, line: str, settings: Mapping[str, str], comment: str, *, is_system: bool
) -> Job | Leftover:
    match = _JOB.fullmatch(line)
    if match is None:
        return Leftover(number, line, Message("batch.cron-line-is-unreadable"))
    user, rest = "", match["rest"]
    if is_system:
        named = _USER.fullmatch(rest)
        if named is None:
            return Leftover(number, line, Message("batch.cron-line-names-no-user"))
        user, rest = named["user"], named["rest"]
    last_day = _LAST_DAY.fullmatch(rest)
    rest = last_day["rest"] if last_day else rest
    command, *given = _PERCENT.split(rest)
    return Job(
        line=number,
        text=line,
        when=" ".join(match["when"].split()),
        command=command.replace("\\%", "%").strip(),
        raw_command=rest,
        has_input=bool(given),
        user=user,
        zone=settings.get("CRON_TZ", ""),
        settings={name: value for name, value in settings.items() if name not in _TO_CRON},
        shell=settings.get("SHELL", "/bin/sh"),
        comment=comment,
        condition=last_day["test"] if last_day else "",
    )


def _unquoted(written: str) -> str:
    is_quoted = len(written) > 1 and written[0] == written[-1] and written[0] in "\"'"
    return written[1:-1] if is_quoted else written
