"""pgBackRest's report about its repository, as values: https://pgbackrest.org/command.html#command-info"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from toban.chapters.backup.engine import WalPosition
from toban.chapters.backup.engines.pgbackrest.commands import ANNOTATION
from toban.message import Message, plain

_USABLE = frozenset({0, 2})
"""Codes of a stanza's status: ok, and no backup yet. https://pgbackrest.org/user-guide.html#quickstart/backup-info"""

_PROGRESS = re.compile(r"\([\d.]+[KMGTP]?B, ([\d.]+)%\)")
_STATUS = re.compile(r"^\s*status: (\w+)", re.MULTILINE)
_TIMELINE_DIGITS = 8


class UnreadableInfo(Exception):
    """The output is not as expected; the message quotes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryBackup:
    """A backup in the repository."""

    label: str
    """pgBackRest's own: `20261125-020003F`."""
    kind: str
    """full, diff or incr."""
    toban: str
    """Toban's label; empty for a backup that others made."""
    prior: str
    """The backup that it is based on; empty for a full one."""
    started_at: datetime
    ended_at: datetime
    start: WalPosition
    end: WalPosition
    source_bytes: int
    """Size of the whole cluster."""
    repo_bytes: int
    """What this backup added to the repository."""
    has_bad_pages: bool
    """Page checksums were wrong in the source, or files were lost while they were read."""
    version: str
    system_id: str
    server_version: str


@dataclass(frozen=True, slots=True)
class Stanza:
    """A stanza of the repository."""

    code: int
    message: str
    copies: Sequence[RepositoryBackup]
    """Oldest first."""

    @property
    def is_usable(self) -> bool:
        """Whether backups can be made to it."""
        return self.code in _USABLE

    @property
    def fulls(self) -> Sequence[RepositoryBackup]:
        """The full backups."""
        return [each for each in self.copies if each.kind == "full"]

    def named(self, label: str) -> RepositoryBackup | None:
        """Return the backup with pgBackRest's own *label*."""
        return next((each for each in self.copies if each.label == label), None)

    def made_for(self, label: str) -> RepositoryBackup | None:
        """Return the backup that was made for Toban's *label*."""
        return next((each for each in self.copies if each.toban == label), None)

    def root(self, copy: RepositoryBackup) -> RepositoryBackup:
        """Return the full backup that *copy* is based on: its label is how the label of *copy* begins."""
        return self.named(copy.label.partition("_")[0]) or copy


def read_info(said: bytes, stanza: str) -> Stanza:
    """Read the answer of `info --output=json`, or raise `UnreadableInfo`."""
    try:
        found = next(each for each in json.loads(said) if each["name"] == stanza)
        servers = {(each["repo-key"], each["id"]): each for each in found["db"]}
        copies = [_copy(each, servers) for each in found["backup"]]
        return Stanza(int(found["status"]["code"]), str(found["status"]["message"]), copies)
    except (StopIteration, KeyError, TypeError, ValueError) as error:
        raise UnreadableInfo(plain(said.decode("utf-8", "replace")[:500])) from error


def _copy(said: Mapping[str, Any], servers: Mapping[tuple[int, int], Mapping[str, Any]]) -> RepositoryBackup:
    server = servers[said["database"]["repo-key"], said["database"]["id"]]
    return RepositoryBackup(
        label=said["label"],
        kind=said["type"],
        toban=(said.get("annotation") or {}).get(ANNOTATION, ""),
        prior=said["prior"] or "",
        started_at=datetime.fromtimestamp(said["timestamp"]["start"], UTC),
        ended_at=datetime.fromtimestamp(said["timestamp"]["stop"], UTC),
        start=_place(said, "start"),
        end=_place(said, "stop"),
        source_bytes=said["info"]["size"],
        repo_bytes=said["info"]["repository"]["delta"],
        has_bad_pages=bool(said["error"]),
        version=said["backrest"]["version"],
        system_id=str(server["system-id"]),
        server_version=str(server["version"]),
    )


def _place(said: Mapping[str, Any], end: str) -> WalPosition:
    # A segment's name begins with its timeline.
    return WalPosition(int(said["archive"][end][:_TIMELINE_DIGITS], 16), said["lsn"][end])


def read_progress(line: str) -> float | None:
    """Return the percentage in a line about one file, if there is one."""
    found = _PROGRESS.search(line)
    return float(found[1]) if found else None


def read_troubles(said: str) -> Sequence[str]:
    """Return the problems in the answer of `verify --output=text --verbose`, or raise `UnreadableInfo`.

    The command ends with status 0 whatever it finds; an answer without any status line has checked nothing.
    """
    if not _STATUS.search(said):
        raise UnreadableInfo(plain(said.strip()[:500]) or Message("backup-engines.no-output"))
    lines = said.splitlines()
    troubles = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        named = re.match(r"\s+backup: (\S+), status: (?!valid\b)(\w+)", line)
        if named:
            troubles.append(f"{named[1]}: {named[2]} ({following.strip()})")
        elif re.match(r"\s+archiveId:", line) and re.search(r"(missing|invalid|other): [1-9]", following):
            troubles.append(f"{line.strip()} ({following.strip()})")
    if not troubles and _STATUS.findall(said)[0] != "ok":
        troubles.append(said.strip())
    return troubles
