"""The parameters that people give a run when they order it, written `NAME=VALUE`. Pure."""

from collections.abc import Iterable

from toban.engine.said import Said


class NoParameter(Exception):
    """The text is not NAME=VALUE; the message says what was expected."""

    def __init__(self, message: str, **values: object) -> None:
        self.said = Said(message, values)
        super().__init__(str(self.said))


def read_parameters(written: Iterable[str]) -> dict[str, str]:
    """Read each of *written*; of two with the same name the last counts. Raises `NoParameter`."""
    found = {}
    for each in written:
        name, equals, value = each.partition("=")
        if not equals or not name.isidentifier() or not name.isascii():
            raise NoParameter("「%(written)s」: 英数字の名前=値 の形で書いてください", written=each)
        found[name] = value
    return found
