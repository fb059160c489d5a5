"""What the scripts of package managers print: sections, each begun by a line of its own. Pure."""

import shlex
from collections.abc import Collection, Mapping, Sequence

from toban.chapters.patching.manager import AnswerUnreadable
from toban.message import Message

HEAD = """export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
section() { printf '\\n@@ %s\\n' "$*"; }
"""
"""Begins each script; `section status $?` tells how the command before has ended."""

BOOT = """section boot
boot=$(cat /proc/sys/kernel/random/boot_id) && test -n "$boot" &&
  echo "$boot $(sed 's/.*) //' /proc/1/stat | cut -d ' ' -f 20)"
"""
"""Prints what is another at each start of the host: the kernel's own mark, and when its first process began,
by which a container that shares the kernel is told. Clocks are set, and not asked. proc_pid_stat(5)"""

_MARK = "@@ "
_LONGEST = 300
_LONGEST_BOOT = 100


def words(*arguments: str) -> str:
    """Return *arguments* as words of a shell."""
    return shlex.join(arguments)


def sections(written: str) -> Mapping[str, Sequence[str]]:
    """Return the lines of each section that are not empty, by its name."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in written.splitlines():
        if line.startswith(_MARK):
            current = found.setdefault(line.removeprefix(_MARK).strip(), [])
        elif line.strip():
            current.append(line.rstrip())
    return found


def demand(found: Mapping[str, Sequence[str]], name: str, well: Collection[int | str] = (0,)) -> None:
    """Raise `AnswerUnreadable` if the command whose output is the section *name* has not ended *well*."""
    if not any(f"{name} {status}" in found for status in well):
        lines = [line for line in found.get(name, ()) if line.startswith(("E:", "W:", "Error"))]
        said = " / ".join(lines or found.get(name, ())[-3:])[:_LONGEST]
        raise AnswerUnreadable(Message("patching.command-failed", step=name, words=said), retry=True)


def boot_of(found: Mapping[str, Sequence[str]]) -> str:
    """Return what is another at each start of the host; empty if it doesn't say."""
    return next(iter(found.get("boot", ())), "").strip()[:_LONGEST_BOOT]
