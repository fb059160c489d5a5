"""Which files were sent whole: their lines are not sent again when they are compressed anew, or otherwise."""

import re
from collections.abc import Sequence

from toban.faces.agent.files import fingerprint
from toban.faces.agent.files.held import LogFile
from toban.faces.agent.files.positions import FilePosition, SentFile

MOST = 5000
"""Some 50 logs that are rotated daily, for three months."""

_TIME = re.compile(rb"\d\d:\d\d|\d{10}")
"""A time of day, or seconds since 1970."""


class SentFiles:
    """The latest files sent whole, the last one last."""

    def __init__(self, known: Sequence[SentFile]) -> None:
        self._known = dict.fromkeys(known)
        self.is_changed = False

    def note(self, position: FilePosition) -> None:
        """Remember the file of *position*, which is at its end."""
        file = SentFile(position.head, position.offset, position.behind)
        if file.size and file not in self._known:
            self._known[file] = None
            self.is_changed = True
        if len(self._known) > MOST:
            del self._known[next(iter(self._known))]

    def has(self, file: LogFile) -> bool:
        """Say whether all lines of *file* were sent; equal lines without a time may be new ones."""
        if not self._known or not _TIME.search(file.read(0, fingerprint.HEAD)):
            return False
        return SentFile(file.head(), file.size, file.behind(file.size)) in self._known

    def latest(self) -> Sequence[SentFile]:
        """Return those to keep."""
        return list(self._known)
