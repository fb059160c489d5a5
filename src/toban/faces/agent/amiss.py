"""What keeps an agent from its work, told with the way out."""


class Amiss(Exception):
    """Something of this host is not as it has to be."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def told(self) -> str:
        """What to tell the operator."""
        return f"{self}\nHINT: {self.hint}"
