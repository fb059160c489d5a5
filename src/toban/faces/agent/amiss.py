"""Problems that stop the agent, each with a hint."""


class Amiss(Exception):
    """A problem on this host, with a hint for the operator."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def told(self) -> str:
        """The problem and its hint, for the operator."""
        return f"{self}\nHINT: {self.hint}"
