"""What all orders that people give have in common: some make no sense as things stand."""


class NotPossible(Exception):
    """The order makes no sense as things stand; `hint` is the way out."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint
