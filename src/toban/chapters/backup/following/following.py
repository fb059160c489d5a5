"""Following a source's log while it is written: the interface between engine and catalogue."""

from datetime import datetime
from typing import Protocol, runtime_checkable

from toban.chapters.backup.engine import WalPosition
from toban.message import Message


class LogBook(Protocol):
    """The record of how far a subject's log has come. One follower writes it at a time."""

    def end(self, system_id: str) -> WalPosition | None:
        """Return where the stored log of a cluster ends; None if there is no stored log to continue."""

    def goes_on(self, system_id: str, first: WalPosition, last_lsn: str, durable_to: datetime | None) -> None:
        """Note that all log from *first* to *last_lsn* is durable, and that it can restore *durable_to*.

        None: that moment is not known yet; the stored log that this continues may be noted to reach further.
        """

    def breaks(self, system_id: str, why: Message) -> None:
        """Note that nothing continues the stored log: what came after it is lost."""

    def shows(self, trouble: Message | None) -> None:
        """Show what threatens the log while it still continues; None: nothing does."""


class FollowerBusy(Exception):
    """Another follower follows this log already."""


class FollowingControl(Protocol):
    """The caller of `follow_log`, which may end it."""

    def why_stop(self) -> object | None:
        """Return why it must end, or None."""


@runtime_checkable
class FollowsLog(Protocol):
    """An engine that can keep the log of its source as it is written."""

    @property
    def follows_log(self) -> bool:
        """Whether it is configured to."""

    def follow_log(self, book: LogBook, following: FollowingControl) -> None:
        """Store the log until *following* or the source ends it.

        Raises `FollowerBusy`, or `BackupFailed` for anything that may be over later. Following again
        continues without a gap, or `LogBook.breaks` was called.
        """
