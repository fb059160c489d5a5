"""Packed files that can't be read to their end: told once, and read again when they have changed.

Meanwhile the rest of a file is looked for again and again: what others hold is read once for that.
"""

import structlog

from toban.faces.agent.files import fingerprint
from toban.faces.agent.files.held import Identity, LogFile, Stamp
from toban.faces.agent.files.packed import PackedFile
from toban.faces.agent.files.positions import Position

log = structlog.get_logger(__name__)


class Unfinished:
    """What is known of them."""

    def __init__(self) -> None:
        self._seen: dict[Identity, tuple[Stamp, bool]] = {}
        """What each was when it was last seen, and whether it was read as that."""
        self._others: set[tuple[Identity, Stamp, Position]] = set()
        """Files, as they were, that are not what a position is about."""

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

    def may_be(self, file: LogFile, position: Position) -> bool:
        """Say whether *file* may be what *position* is about; a packed one has to begin so."""
        if not isinstance(file, PackedFile):
            return True
        if (file.identity, file.stamp_of_packed, position) in self._others:
            return False
        beginning = file.read(0, position.head.length)
        is_short = len(beginning) < position.head.length
        if position.head.length > 0 and (is_short or fingerprint.of(beginning) == position.head):
            return True
        self.rule_out(file, position)
        return False

    def rule_out(self, file: LogFile, position: Position) -> None:
        """Remember that *file* is not what *position* is about; what is not packed may still become it."""
        if isinstance(file, PackedFile):
            self._others.add((file.identity, file.stamp_of_packed, position))

    def forget(self) -> None:
        """Begin anew: none of them is waited for."""
        self._seen.clear()
        self._others.clear()
