"""Packed files that can't be read to their end: told once, and read again when they have changed."""

import structlog

from toban.faces.agent import fingerprint
from toban.faces.agent.log_file import Identity, LogFile, Stamp
from toban.faces.agent.packed import PackedFile
from toban.faces.agent.positions import Position

log = structlog.get_logger(__name__)


class Unfinished:
    """What is known of them."""

    def __init__(self) -> None:
        self._seen: dict[Identity, tuple[Stamp, bool]] = {}
        """What each was when it was last seen, and whether it was read as that."""

    def has_end(self, file: LogFile, path: str) -> bool:
        """Say whether *file* at *path* can be read to its end; of a packed one it costs reading it."""
        if not isinstance(file, PackedFile):
            return True
        is_new = file.identity not in self._seen
        now = file.stamp_of_packed
        before, was_read = self._seen.get(file.identity, (now, False))
        if was_read or before != now:
            # It is what it was, or grows still: it is read again once it has changed and no longer does.
            self._seen[file.identity] = now, before == now
            return False
        if file.is_whole:
            self._seen.pop(file.identity, None)
            return True
        if is_new:
            log.warning("log_packed_unreadable", path=path, reason=file.flaw)
        self._seen[file.identity] = now, True
        return False

    def forget(self) -> None:
        """Begin anew: none of them is waited for."""
        self._seen.clear()


def may_be(file: LogFile, position: Position) -> bool:
    """Say whether *file*, as far as it can be read, begins as what *position* is about."""
    beginning = file.read(0, position.head.length)
    is_short = len(beginning) < position.head.length
    return position.head.length > 0 and (is_short or fingerprint.of(beginning) == position.head)
