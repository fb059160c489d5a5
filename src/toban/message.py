"""What Toban says: a permanent code with values, which becomes a sentence where somebody reads it. Pure.

A message is stored and passed on as it is; `str()` writes it in the active language, `in_language` in a given
one. The sentences are in the catalogues (`toban.catalogue`), in Japanese and in English.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import reduce

from toban import catalogue

type Value = str | int | float | bool | date | datetime | Message | tuple[Value, ...] | None
"""A value keeps its type until it is read; a tuple is read as a list: 「A、B」, "A, B"."""

_TEXT = "common.text"


class Message:
    """A code of the catalogues, `domain.what-it-says`, and the values that its sentence names.

    A code never changes its meaning. Messages with equal codes and values are equal; an empty one is false.
    """

    __slots__ = ("code", "values")

    code: str
    values: Mapping[str, Value]

    def __init__(self, code: str, /, **values: object) -> None:
        """Paths, enumerations and whatever else is no `Value` are kept as their text, sequences as tuples."""
        self.code = code
        self.values = {name: _value(value) for name, value in values.items()}

    def in_language(self, language: str) -> str:
        """Return the sentence in *language*, its values included.

        Never fails: a code that no catalogue has (a package was removed) is written with its values.
        """
        if self.code in {_TEXT, ""}:
            return str(self.values.get("text", ""))
        written = {name: _written(value, language) for name, value in self.values.items()}
        count = self.values.get("count")
        if isinstance(count, int):
            written["count"] = f"{count:,}"
        sentence = catalogue.sentence(self.code, language, count if isinstance(count, int) else None)
        said = _filled(sentence or "", written) or _filled(
            sentence or "", {name: _number(value) for name, value in written.items()}
        )
        return said or " ".join((self.code, *(f"{name}={value}" for name, value in written.items())))

    def __str__(self) -> str:
        return self.in_language(catalogue.active_language())

    def __repr__(self) -> str:
        values = "".join(f", {name}={value!r}" for name, value in self.values.items())
        return f"Message({self.code!r}{values})"

    def __bool__(self) -> bool:
        return bool(self.code) and self.values.get("text", True) != ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and (self.code, self.values) == (other.code, other.values)

    def __hash__(self) -> int:
        return hash((self.code, frozenset(self.values.items())))

    def as_json(self) -> dict[str, object]:
        """Return `{"code": …, "values": {…}}`, of JSON values only; `from_json` reads it back."""
        return {"code": self.code, "values": {name: _as_json(each) for name, each in self.values.items()}}

    def as_output(self) -> dict[str, object]:
        """Return code, values and the sentence in the active language: what JSON outputs and the API say."""
        return {**self.as_json(), "text": str(self)}


NOTHING = Message("")
"""Nothing is said: it is false, and an empty text in every language."""


def plain(text: str) -> Message:
    """Return *text* as a message: what a server answered, what a document or a person wrote."""
    return Message(_TEXT, text=text) if text else NOTHING


def message_of(error: BaseException) -> Message:
    """Return what *error* says: the message that it was raised with, or the text of a foreign one."""
    said = error.args[0] if error.args else None
    return said if isinstance(said, Message) else plain(str(error))


def listing(parts: Sequence[Message | str]) -> Message:
    """Return *parts* as one message: 「A、B」, "A, B"."""
    return parts[0] if len(parts) == 1 and isinstance(parts[0], Message) else (
        Message("common.list", parts=parts) if parts else NOTHING
    )  # fmt: skip


def sentences(*parts: Message) -> Message:
    """Return *parts*, without those that say nothing, one after the other: 「A。B」, "A. B"."""
    return _joined("common.sentences", parts)


def lines(*parts: Message) -> Message:
    """Return *parts*, without those that say nothing, each on its own line."""
    return _joined("common.lines", parts)


def from_json(stored: object) -> Message:
    """Return the message that was stored as JSON; a text from before messages had codes is a `plain` one."""
    match stored:
        case {"code": str(code), "values": dict(values)}:
            return Message(code, **{str(name): _from_json(each) for name, each in values.items()})
        case None:
            return NOTHING
        case _:
            return plain(str(stored))


def _joined(code: str, parts: Sequence[Message]) -> Message:
    said = [part for part in parts if part]
    return reduce(lambda first, then: Message(code, first=first, then=then), said) if said else NOTHING


def _value(value: object) -> Value:
    match value:
        case None | bool() | Message() | date():
            return value
        case str() | int() | float() if type(value) in {str, int, float}:
            return value
        case list() | tuple():
            return tuple(map(_value, value))
        case _:
            return str(value)


def _written(value: Value, language: str) -> object:
    match value:
        case Message():
            return value.in_language(language)
        case tuple():
            between = catalogue.sentence("common.comma", language) or ", "
            return between.join(str(_written(each, language)) for each in value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case None:
            return ""
        case _:
            return value


def _filled(sentence: str, written: Mapping[str, object]) -> str:
    """Return the sentence; empty if an older or a newer Toban has stored it with other values."""
    try:
        return sentence % written
    except (KeyError, ValueError, TypeError):
        return ""


def _number(value: object) -> object:
    """Return a number for its text: evidence keeps it so, since each database must return it unchanged."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _as_json(value: Value) -> object:
    match value:
        case Message():
            return value.as_json()
        case tuple():
            return [_as_json(each) for each in value]
        case datetime():
            return {"at": value.isoformat()}
        case date():
            return {"on": value.isoformat()}
        case _:
            return value


def _from_json(stored: object) -> object:
    match stored:
        case {"code": str(), "values": dict()}:
            return from_json(stored)
        case {"at": str(at)}:
            return datetime.fromisoformat(at)
        case {"on": str(on)}:
            return date.fromisoformat(on)
        case list():
            return tuple(map(_from_json, stored))
        case _:
            return stored
