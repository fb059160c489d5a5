"""What all orders from people have in common: some are not possible in the current state."""

from toban.message import NOTHING, Message


class NotPossible(Exception):
    """The order is not possible in the current state; `hint` is the way out."""

    def __init__(self, said: Message, hint: Message = NOTHING) -> None:
        super().__init__(said)
        self.said, self.hint = said, hint
