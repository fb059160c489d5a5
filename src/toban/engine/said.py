"""Texts of the engine for people, with values kept separate so that a page can translate them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence in Japanese; the text without values is its key in the translation catalogues."""

    text: str
    """Contains `%(name)s` for each value."""
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text % self.values if self.values else self.text


def recorded(text: str, /, **values: object) -> str:
    """Return the sentence in the form to record: in Japanese, with its values filled in.

    Pages translate it by recognising *text*, so *text* must be in their catalogues.
    """
    return str(Said(text, values))
