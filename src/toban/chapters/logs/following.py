"""Following rows as they arrive: late and out of order, so every poll re-reads the last minutes."""

from datetime import datetime, timedelta

from toban.engine.telemetry.logs.search import FoundRow, LogSearch, LogTerm, RowPosition, TimeSpan

LATE = timedelta(minutes=5)
"""How late a row may come and still be followed."""

_AHEAD = timedelta(minutes=10)
"""How far a sender's clock may be ahead."""


class SearchFollower:
    """Finds the new rows of a search on every poll. Used from one thread at a time."""

    def __init__(self, store: LogSearch, terms: tuple[LogTerm, ...], begin: datetime, most: int) -> None:
        """Follow rows not older than *begin*, up to *most* rows per poll."""
        self._store = store
        self._terms = terms
        self._begin = begin
        self._most = most
        self._seen: set[RowPosition] = set()

    def look(self, now: datetime) -> list[FoundRow]:
        """Return the new rows, oldest first; raises `StoreUnavailable`.

        If there are more than `most`, the oldest are left out.
        """
        span = TimeSpan(max(self._begin, now - LATE), now + _AHEAD)
        rows = self._store.newest(self._terms, span, limit=self._most)[::-1]
        fresh = [row for row in rows if row.place not in self._seen]
        # Rows older than the oldest of a full poll will not be found again.
        self._seen = {place for place in self._seen if rows and place >= rows[0].place}
        self._seen.update(row.place for row in rows)
        return fresh
