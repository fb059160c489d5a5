"""The base model of every table of `toban.toml`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationInfo
from pydantic_core import PydanticCustomError

from toban.design.clauses.base import Clause
from toban.design.reader import Design
from toban.message import NOTHING, Message


class Section(BaseModel):
    """A table of `toban.toml`: unknown keys are errors. The config model of every kind derives from it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    harmless: ClassVar[frozenset[str]] = frozenset()
    """Keys that decide nothing about what Toban runs, reaches or trusts: a change of them needs no approval.

    Everything else is guarded, as are all keys of a kind that says nothing. See docs/adr/0026.
    """
    example: ClassVar[Mapping[str, str | int | Sequence[str]]] = {}
    """Key → value, for the required keys: `toban init` proposes these values."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """Marks a key whose default stands for what the document leaves open; see `assumptions.taken`."""

    said: str
    """The code of the message that says what is taken, of its `value` and the `name` of its entry."""
    why: Message
    rows: Callable[[Design, Any, str], Iterable[Clause]]
    """Returns the rows that it applies to; called with the table and the name of its entry."""
    where: Callable[[Design, Any, str], bool] = lambda *_: True
    """Says of all bindings and the name of an entry whether that entry takes the default at all."""
    value: Callable[[Design, Any, str], object] | None = None
    """Works out of all bindings and the name of an entry what an empty default stands for."""


def invalid(said: Message, hint: Message = NOTHING) -> PydanticCustomError:
    """Return what a validator raises for a wrong value: what is wrong, and the way out."""
    return PydanticCustomError("invalid", "{said}", {"said": said, "hint": hint})


def beside_the_bindings(path: Path, info: ValidationInfo) -> Path:
    """Resolve a relative path against the folder of `toban.toml`."""
    base: Path = (info.context or {}).get("base", Path())
    return base / path
