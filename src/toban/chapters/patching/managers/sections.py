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
up=$(uptime -s) && test -n "$up" && date -d "$up" +%s
"""
"""Prints since when the host is up, by its own clock; nothing if it does not say: `date` reads nothing as
midnight, which every host passes each night."""

_MARK = "@@ "
_LONGEST = 300


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


def up_since(found: Mapping[str, Sequence[str]]) -> int:
    """Return since when the host is up; 0 if it doesn't say."""
    lines = found.get("boot", ())
    return int(lines[0]) if lines and lines[0].isdecimal() else 0
