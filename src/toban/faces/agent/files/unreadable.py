"""Log files that can't be read, and why: each is left alone for a while, and the others continue."""

import errno
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import structlog

from toban.faces.agent.amiss import Amiss
from toban.faces.agent.files.held import Identity, LogUnreadable
from toban.message import NOTHING, Message, sentences

_PAUSE = 60.0
"""Seconds: each attempt on a failing disk takes time, and the other files wait meanwhile."""

_MOST_NAMED = 3

_FORBIDDEN = frozenset((errno.EACCES, errno.EPERM))
_BY_RIGHTS = Message("agent.give-group-of-logs")
_BY_DISK = Message("agent.check-disk")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Failure:
    path: Path
    problem: OSError
    until: float
    """When to try again."""


class UnreadableFiles:
    """The files that can't be read."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._failures: dict[Identity, _Failure] = {}

    def __contains__(self, identity: Identity) -> bool:
        """Say whether the last attempt to read the file failed."""
        return identity in self._failures

    def is_left_alone(self, identity: Identity) -> bool:
        """Say whether the file is not to be tried now."""
        failure = self._failures.get(identity)
        return failure is not None and self._elapsed() < failure.until

    def note(self, unreadable: LogUnreadable) -> None:
        """Leave a file alone from now on; the first time is logged."""
        if unreadable.identity not in self._failures:
            log.warning("log_not_readable", path=str(unreadable.path), reason=str(unreadable))
        self._failures[unreadable.identity] = _Failure(
            unreadable.path, unreadable.problem, self._elapsed() + _PAUSE
        )

    def forget(self, identity: Identity) -> None:
        """Treat the file as readable again."""
        self._failures.pop(identity, None)

    def forget_untried(self) -> None:
        """Forget files that could have been tried again but were not: nothing depends on them."""
        tried = {each: failure for each, failure in self._failures.items() if self.is_left_alone(each)}
        self._failures = tried

    def told(self) -> Message:
        """Return which files they are, why, and what to do; nothing if there are none."""
        return told([(failure.path, failure.problem) for failure in self._failures.values()])


def told(failures: Collection[tuple[Path, OSError]]) -> Message:
    """Return the message about *failures*; nothing if there are none."""
    if not failures:
        return NOTHING
    paths = sorted({str(path) for path, _ in failures})
    more = (
        [Message("agent.and-more-files", count=len(paths) - _MOST_NAMED)] if len(paths) > _MOST_NAMED else []
    )
    reasons = sorted({problem.strerror or "" for _, problem in failures})
    is_forbidden = {problem.errno in _FORBIDDEN for _, problem in failures}
    hints = [*([_BY_RIGHTS] if True in is_forbidden else []), *([_BY_DISK] if False in is_forbidden else [])]
    return Amiss(
        Message("agent.logs-unreadable", files=[*paths[:_MOST_NAMED], *more], reasons=reasons),
        sentences(*hints, Message("agent.other-files-go-on")),
    ).told
