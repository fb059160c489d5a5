"""What all orders from people have in common: some are not possible in the current state."""

from toban.engine.said import Said


class NotPossible(Exception):
    """The order is not possible in the current state; `hint` is the way out.

    Message and hint may contain `%(name)s` for the value with that name. They are entries of the translation
    catalogues if a page shows them.
    """

    def __init__(self, message: str, hint: str, **values: object) -> None:
        self.said, self.way_out = Said(message, values), Said(hint, values)
        super().__init__(str(self.said))
        self.hint = str(self.way_out)
