"""Problems that stop the agent, each with a hint."""

from toban.message import Message, lines, message_of


class Amiss(Exception):
    """A problem on this host, with a hint for the operator."""

    def __init__(self, message: Message, hint: Message) -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def told(self) -> Message:
        """The problem and its hint, for the operator."""
        return lines(message_of(self), Message("agent.hint", hint=self.hint))
