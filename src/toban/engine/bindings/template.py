"""A source's table, written once for many hosts: `${address}` stands for each host's own value. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from toban.message import Message

_PLACE = re.compile(r"\$\{(\w+)\}")
_NAME = "name"
_INSTANCE = "instance"


class Unfilled(Exception):
    """A host can't be measured as the template says; the message says why."""


@dataclass(frozen=True, slots=True)
class Template:
    """The table of a source as written in the file, without its kind."""

    kind: str
    model: type[BaseModel]
    written: Mapping[str, Any]
    base: Path
    """The folder that relative paths start from."""

    def filled(self, values: Mapping[str, str]) -> BaseModel:
        """Return the config for the host that *values* describe, or raise `Unfilled`.

        The host's `name` becomes its `instance`, the name that operators see, unless the table sets another.
        """
        try:
            table = fill(self.written, values)
        except KeyError as error:
            raise Unfilled(Message("bindings.no-value-for", name=error.args[0])) from error
        if _NAME in values and _INSTANCE in self.model.model_fields:
            table.setdefault(_INSTANCE, values[_NAME])
        try:
            return self.model.model_validate(table, context={"base": self.base})
        except ValidationError as error:
            keys = tuple(dict.fromkeys(str(each["loc"][0]) for each in error.errors() if each["loc"]))
            raise Unfilled(Message("bindings.wrong-by-discovery", keys=keys or "source")) from error


def fill(written: Any, values: Mapping[str, str]) -> Any:
    """Return *written* with each `${name}` in its texts replaced; raise `KeyError` for an unknown one."""
    match written:
        case str():
            return _PLACE.sub(lambda place: values[place[1]], written)
        case Mapping():
            return {key: fill(each, values) for key, each in written.items()}
        case list():
            return [fill(each, values) for each in written]
    return written
