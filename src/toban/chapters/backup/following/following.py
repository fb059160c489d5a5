"""Following a source's log while it is written: what an engine and the catalogue are to each other."""

from datetime import datetime
from typing import Protocol, runtime_checkable

from toban.chapters.backup.engine import Place


class LogBook(Protocol):
    """Where it is noted how far a subject's log has come. One follower writes it at a time."""

    def end(self, system_id: str) -> Place | None:
        """Return where the stored log of a cluster ends; None where none goes on from anything stored."""

    def goes_on(self, system_id: str, first: Place, last_lsn: str, durable_to: datetime | None) -> None:
        """Note that all log from *first* to *last_lsn* is durable, and that it brings *durable_to* back.

        None: nobody knows yet which moment that is; what it goes on from may be noted to reach further.
        """

    def breaks(self, system_id: str, why: str) -> None:
        """Note that nothing goes on from the stored log: what came after it is gone."""

    def shows(self, trouble: str | None) -> None:
        """Note what threatens the log while it still goes on; None: nothing does."""


class FollowerBusy(Exception):
    """Somebody else follows this log already."""


class Following(Protocol):
    """Whoever may end the following of a log."""

    def why_stop(self) -> object | None:
        """Return why it must end, or None."""


@runtime_checkable
class FollowsLog(Protocol):
    """An engine that can keep the log of its source as it is written."""

    @property
    def follows_log(self) -> bool:
        """Whether it is asked to."""

    def follow_log(self, book: LogBook, following: Following) -> None:
        """Store the log until *following* ends it, or the source does.

        Raises `FollowerBusy`, or `BackupFailed` for anything that may be over later. Following again goes
        on without a gap, or `LogBook.breaks` was told.
        """
