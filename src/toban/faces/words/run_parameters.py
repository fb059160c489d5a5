"""What whoever orders a run gives it, as people write it: `NAME=VALUE`. Pure."""

from collections.abc import Iterable

from toban.engine.said import Said


class NoParameter(Exception):
    """What was written is no NAME=VALUE; the message says what was expected."""

    def __init__(self, message: str, **values: object) -> None:
        self.said = Said(message, values)
        super().__init__(str(self.said))


def read_parameters(written: Iterable[str]) -> dict[str, str]:
    """Read each of *written*; the last of two with one name stands. Raises `NoParameter`."""
    found = {}
    for each in written:
        name, equals, value = each.partition("=")
        if not equals or not name.isidentifier() or not name.isascii():
            raise NoParameter("「%(written)s」: 英数字の名前=値 の形で書いてください", written=each)
        found[name] = value
    return found
