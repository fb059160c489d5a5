"""What journalctl prints about a journal, and what to do if it prints nothing."""

import os
import subprocess
from collections.abc import Generator, Sequence
from typing import IO

from toban.faces.agent.amiss import Amiss
from toban.faces.agent.journal.entries import JournalEntry, entries_in
from toban.message import Message, plain, sentences

LACKING = Message("agent.follow-files-without-systemd")
"""What to do if there is no journalctl."""

_BY_RIGHTS = Message("agent.give-group-of-journal")
_BY_PLACE = Message("agent.check-folder-of-journal")
_BY_CHECKING = Message("agent.check-with-journalctl")


class JournalUnreadable(Amiss):
    """A journal can't be read."""

    def __init__(self, why: Message, hint: Message) -> None:
        super().__init__(Message("agent.journal-unreadable", reason=why), hint)


def empty() -> JournalUnreadable:
    """Return the error for a journal without entries, which journalctl does not treat as an error."""
    return JournalUnreadable(Message("agent.journal-empty"), sentences(_BY_RIGHTS, _BY_PLACE))


def way_out(said: str) -> Message:
    """Return what to do if journalctl fails and has *said* why."""
    said = said.lower()
    if "permission" in said:
        return _BY_RIGHTS
    return _BY_PLACE if "no such file" in said or "not a directory" in said else _BY_CHECKING


def entries(journalctl: Sequence[str], cursor: str) -> Generator[JournalEntry]:
    """Yield the entry at *cursor* and all after it, as printed by *journalctl*, a command with its options.

    If that entry is gone, the nearest one after it comes first. Raises `JournalUnreadable`.
    """
    # Without `--all`, long fields are omitted, even the message.
    command = [*journalctl, "--quiet", "--no-pager", "--all", "--output=json"]
    if cursor:
        command.append(f"--cursor={cursor}")
    # Not a pipe: nobody reads it meanwhile, so a full one would block journalctl.
    with os.fdopen(os.memfd_create("journalctl"), "w+b") as said:
        with _started(command, said) as process:
            try:
                if process.stdout is not None:
                    yield from entries_in(process.stdout)
                process.wait()
            finally:
                process.kill()
        if process.returncode:
            said.seek(0)
            why = " ".join(said.read().decode(errors="replace").split())[-200:]
            raise JournalUnreadable(plain(why or f"journalctl: {process.returncode}"), way_out(why))


def _started(command: Sequence[str], said: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said)
    except OSError as problem:
        hint = LACKING if isinstance(problem, FileNotFoundError) else _BY_CHECKING
        raise JournalUnreadable(plain(f"{command[0]} ({problem.strerror})"), hint) from problem
