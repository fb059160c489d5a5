"""The extension point for channels: one small Protocol and one failure type."""

from typing import Protocol

from toban.engine.notify.notice import Notice


class Undelivered(Exception):
    """The channel did not take the notice. The message never holds a secret.

    `retry` tells a passing failure (time-out, 429, 5xx) from a permanent one (401, 404);
    `after` is the wait in seconds that the receiver asked for (Retry-After), if it did.
    """

    def __init__(self, message: str, *, retry: bool, after: float | None = None) -> None:
        super().__init__(message)
        self.retry = retry
        self.after = after


class Channel(Protocol):
    """A way out, ready to use; retrying, recording and deduplicating belong to the pipeline."""

    def send(self, notice: Notice, address: str) -> str:
        """Deliver *notice* to *address* once and return the receiver's own reference, or raise `Undelivered`.

        *address* is what the channel calls a recipient: an e-mail address, a Slack channel, or empty for
        the channel's only destination. The reference (a message id, a `dedup_key`) goes into the receipt.
        """
