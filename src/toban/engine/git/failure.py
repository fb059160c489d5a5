"""Why a repository can't be read."""

from toban.engine.trial import Doubt
from toban.message import NOTHING, Message


class RepositoryFailed(Exception):
    """The repository can't be asked, or has no such thing; the message says why, without any secret.

    `retry` says whether the same question may be answered later.
    """

    def __init__(self, message: Message, hint: Message = NOTHING, *, retry: bool = True) -> None:
        super().__init__(message)
        self.hint = hint
        self.retry = retry

    @property
    def doubt(self) -> Doubt:
        """The same as a doubt of `toban check --live`."""
        message: Message = self.args[0]
        return (message, self.hint) if self.hint else message
