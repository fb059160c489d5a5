"""What all orders that people give have in common: some make no sense as things stand."""

from toban.engine.said import Said


class NotPossible(Exception):
    """The order makes no sense as things stand; `hint` is the way out.

    Both may hold `%(name)s` for what is given by that name, and are entries of the catalogues where a page
    shows them.
    """

    def __init__(self, message: str, hint: str, **values: object) -> None:
        self.said, self.way_out = Said(message, values), Said(hint, values)
        super().__init__(str(self.said))
        self.hint = str(self.way_out)
