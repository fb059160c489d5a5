"""Packed files that can't be read to their end: reported once, and read again when they have changed.

The search for the rest of a file is repeated; files that turn out to be others are read once for that.
"""

import structlog

from toban.faces.agent.files import fingerprint
from toban.faces.agent.files.held import Identity, LogFile, Stamp
from toban.faces.agent.files.packed import PackedFile
from toban.faces.agent.files.positions import FilePosition

log = structlog.get_logger(__name__)


class UnfinishedFiles:
    """What is known about these files."""

    def __init__(self) -> None:
        self._seen: dict[Identity, tuple[Stamp, bool]] = {}
        """Each file's last known stamp, and whether the file was read in that state."""
        self._others: set[tuple[Identity, Stamp, FilePosition]] = set()
        """Files, with their stamps, that are not the file a position describes."""

    def has_end(self, file: LogFile, path: str) -> bool:
        """Say whether *file* at *path* can be read to its end; a packed file has to be read for that."""
        if not isinstance(file, PackedFile):
            return True
        is_new = file.identity not in self._seen
        now = file.stamp_of_packed
        before, was_read = self._seen.get(file.identity, (now, False))
        if was_read or before != now:
            # It is unchanged or still growing: it is read again once it has changed and stopped growing.
            self._seen[file.identity] = now, before == now
            return False
        if file.is_whole:
            self._seen.pop(file.identity, None)
            return True
        if is_new:
            log.warning("log_packed_unreadable", path=path, reason=file.flaw)
        self._seen[file.identity] = now, True
        return False

    def may_be(self, file: LogFile, position: FilePosition) -> bool:
        """Say whether *file* may be what *position* describes; a packed file has to begin the same way."""
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

    def rule_out(self, file: LogFile, position: FilePosition) -> None:
        """Remember that *file* is not what *position* describes; an unpacked file may still become it."""
        if isinstance(file, PackedFile):
            self._others.add((file.identity, file.stamp_of_packed, position))

    def forget(self) -> None:
        """Start over: no file is waited for."""
        self._seen.clear()
        self._others.clear()
