"""The commands of pgBackRest, as values: https://pgbackrest.org/command.html"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from toban.chapters.backup.engines.program import EngineProgram

ANNOTATION = "toban"
"""The annotation that holds Toban's own label of a backup."""

_NAME = "pgbackrest"
_NEVER = 9_999_999
"""The largest number that pgBackRest accepts: Toban decides what is removed, by the document."""

_CHECK_TIMEOUT = 15
"""Seconds to wait for a log segment to arrive, while somebody waits for the answer."""


@dataclass(frozen=True, slots=True)
class PgBackRest:
    """pgBackRest on one stanza."""

    stanza: str
    command: tuple[str, ...] = ("pgbackrest",)
    config: Path | None = None
    repo: int = 1

    def version(self) -> EngineProgram:
        """Ask for its version."""
        return EngineProgram((*self.command, "version"), called=_NAME)

    def info(self) -> EngineProgram:
        """Ask what is in the repository."""
        return self._on_stanza("info", f"--repo={self.repo}", "--output=json")

    def backup(self, kind: str, label: str) -> EngineProgram:
        """Make a backup of *kind* (full, diff, incr), identified by Toban's *label*.

        pgBackRest would expire old backups by its own settings after each backup: that is left to `remove`.
        """
        return self._on_stanza(
            "backup",
            f"--repo={self.repo}",
            f"--type={kind}",
            f"--annotation={ANNOTATION}={label}",
            "--no-expire-auto",
            f"--repo{self.repo}-retention-full={_NEVER}",
            "--log-level-console=detail",
        )

    def verify(self, backup: str) -> EngineProgram:
        """Read a backup and everything it is based on. The exit status does not show what was found."""
        return self._on_stanza(
            "verify", f"--repo={self.repo}", f"--set={backup}", "--output=text", "--verbose"
        )

    def remove(self, backup: str, *, fulls_left: int) -> EngineProgram:
        """Remove a backup, everything based on it, and the log that none of the *fulls_left* needs."""
        return self._on_stanza(
            "expire",
            f"--repo={self.repo}",
            f"--set={backup}",
            f"--repo{self.repo}-retention-full={_NEVER}",
            f"--repo{self.repo}-retention-archive-type=full",
            f"--repo{self.repo}-retention-archive={fulls_left}",
        )

    def restore(self, backup: str, into: Path, target: Mapping[str, str], *, goes_on: bool) -> EngineProgram:
        """Restore a backup into the folder *into*, to recover to *target* when it is started.

        Tablespaces go next to it: their original places may still be in use. The restored server archives
        nothing, so that two never write to one repository. *goes_on*: an earlier attempt left files there.
        """
        arguments = [
            "restore",
            f"--repo={self.repo}",
            f"--set={backup}",
            f"--pg1-path={into}",
            f"--tablespace-map-all={tablespaces(into)}",
            "--archive-mode=off",
            "--log-level-console=detail",
            *(f"--{name}={value}" for name, value in target.items()),
        ]
        return self._on_stanza(*arguments, *(["--delta"] if goes_on else []))

    def check(self) -> EngineProgram:
        """Check that server and repository work together, by sending a log segment through."""
        return self._on_stanza("check", f"--archive-timeout={_CHECK_TIMEOUT}")

    def _on_stanza(self, action: str, *arguments: str) -> EngineProgram:
        config = () if self.config is None else (f"--config={self.config}",)
        # Errors go to standard error, separate from the requested output.
        quiet = () if "--log-level-console=detail" in arguments else ("--log-level-console=off",)
        return EngineProgram(
            (
                *self.command,
                action,
                *config,
                f"--stanza={self.stanza}",
                *arguments,
                *quiet,
                "--log-level-stderr=warn",
            ),
            called=_NAME,
        )


def tablespaces(into: Path) -> Path:
    """Return where the tablespaces of a cluster restored into *into* go."""
    return into.with_name(f"{into.name}.tablespaces")


def to_the_end(*, pauses: bool = False) -> Mapping[str, str]:
    """Recover as far as the log goes. *pauses*, here and below: take writes only when promoted."""
    return {"type": "standby" if pauses else "default"}


def to_moment(moment: datetime, *, pauses: bool = False) -> Mapping[str, str]:
    """Recover to *moment*, then take writes."""
    text = moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")
    return {"type": "time", "target": text, **_then(pauses=pauses)}


def to_position(lsn: str, *, pauses: bool = False) -> Mapping[str, str]:
    """Recover to the position *lsn*, exclusive, then take writes."""
    return {"type": "lsn", "target": lsn, "target-exclusive": "y", **_then(pauses=pauses)}


def to_its_own_end(*, pauses: bool = False) -> Mapping[str, str]:
    """Recover to where the backup is complete, and no further."""
    return {"type": "immediate", **_then(pauses=pauses)}


def _then(*, pauses: bool) -> Mapping[str, str]:
    return {"target-action": "pause" if pauses else "promote"}
