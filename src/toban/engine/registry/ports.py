"""What one extension offers to others, which know the port but not the extension."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Port[T]:
    """An interface between extensions; the type is that of the objects offered."""

    name: str


type Offers = Mapping[Port[Any], str]
"""A port → `module:name` of the object offered."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything that the installed extensions offer, in the order of their registration."""

    offers: Sequence[Offers] = field(default_factory=tuple)

    def all[T](self, port: Port[T]) -> tuple[T, ...]:
        """Return everything that is offered at *port*."""
        return tuple(loaded(each[port]) for each in self.offers if port in each)

    def one[T](self, port: Port[T]) -> T | None:
        """Return what is offered at *port*; None if nothing is."""
        return next(iter(self.all(port)), None)


def loaded(reference: str) -> Any:
    """Return the object that *reference* (`module:name`) names."""
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)
