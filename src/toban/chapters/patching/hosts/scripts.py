"""The shell scripts of a host's own part: a job that goes on whatever becomes of the connection. Pure.

An upgrade must not end with the connection that ordered it, nor begin twice: the host itself notes in a
folder that a job has begun, and how it has ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from toban.chapters.patching.managers.sections import BOOT, HEAD, boot_of, sections

_JOBS = '"$HOME/.toban-patches"'
_MOST_LINES = 500
_BEGIN = f"""umask 077
mkdir -p {_JOBS} && cd {_JOBS} || exit 3
mkdir "$1" 2>/dev/null || exit 0
setsid sh -c 'cd "$0" && echo $$ >pid
sh -c "$1" >log 2>&1 </dev/null
echo $? >ended && mv ended status' "$1" "$2" >/dev/null 2>&1 </dev/null &
"""
_FOLLOW = f"""cd {_JOBS}/"$1" 2>/dev/null || {{ echo lost; exit 0; }}
for wait in 1 2 3; do
  test -f status && break
  test -f pid && kill -0 "$(cat pid)" 2>/dev/null && break
  sleep "$wait"
done
if test -f status; then echo "ended $(cat status)"
elif test -f pid && kill -0 "$(cat pid)" 2>/dev/null; then echo running
else echo broken; fi
test -f log && tail -n "+$2" log | head -n {_MOST_LINES}
exit 0
"""
WHICH_BOOT = HEAD + BOOT
"""Prints what is another at each start of the host."""


class JobState(StrEnum):
    """How a job on a host stands."""

    RUNNING = "running"
    ENDED = "ended"
    BROKEN = "broken"
    """It ended without saying how: the host went down, or somebody ended it."""
    LOST = "lost"
    """The host knows nothing of it."""


@dataclass(frozen=True, slots=True)
class JobLook:
    """What a host says of a job."""

    state: JobState
    status: int = 0
    """How it has ended, if it has."""
    lines: Sequence[str] = ()
    """The next ones that it wrote."""


def begin(job: str, script: str) -> tuple[str, ...]:
    """Return the command that begins *script* as *job*, unless it has begun already."""
    return ("sh", "-c", _BEGIN, "sh", job, script)


def follow(job: str, line: int) -> tuple[str, ...]:
    """Return the command that tells how *job* stands, and what it wrote from *line* on (from 1)."""
    return ("sh", "-c", _FOLLOW, "sh", job, str(line))


def read_follow(written: str) -> JobLook:
    """Return what `follow` printed."""
    # Not `splitlines`: the host counts lines by their newlines alone, and dpkg draws its progress by returns.
    first, *lines = written.removesuffix("\n").split("\n")
    word, _, status = first.partition(" ")
    state = JobState(word) if word in JobState else JobState.LOST
    if state is JobState.RUNNING and lines and not written.endswith("\n"):
        # The rest of the last line is yet to come.
        lines.pop()
    drawn = [line.rstrip("\r").rpartition("\r")[2] for line in lines]
    return JobLook(state, int(status) if status.isdecimal() else 1, drawn)


def script(text: str) -> tuple[str, ...]:
    """Return the command that runs *text*, which says itself, in its sections, what has failed."""
    return ("sh", "-c", f"{text}\nexit 0\n")


def read_boot(written: str) -> str:
    """Return what is another at each start of the host; empty if it doesn't say."""
    return boot_of(sections(written))
