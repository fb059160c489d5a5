"""The parameters that people give a run when they order it, written `NAME=VALUE`. Pure."""

from collections.abc import Iterable

from toban.message import Message


class NoParameter(Exception):
    """The text is not NAME=VALUE; the message says what was expected."""

    def __init__(self, said: Message) -> None:
        super().__init__(said)
        self.said = said


def read_parameters(written: Iterable[str]) -> dict[str, str]:
    """Read each of *written*; of two with the same name the last counts. Raises `NoParameter`."""
    found = {}
    for each in written:
        name, equals, value = each.partition("=")
        if not equals or not name.isidentifier() or not name.isascii():
            raise NoParameter(Message("runs.not-name-and-value", written=each))
        found[name] = value
    return found
