"""Values that the document leaves open, as its reader took them. Pure."""

from dataclasses import dataclass
from enum import Enum, auto

from toban.message import NOTHING, Message


class Meaning(Enum):
    """What a word of the document may be given as its meaning: see `[assumptions]` in `toban.toml`."""

    CLOCK = auto()
    """深夜 = 1:30."""
    DAYS = auto()
    """月初 = 第1営業日."""
    LEVEL = auto()
    """P2 = 警告."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """What was taken for something that the document leaves open, why, and where another value is written.

    Whoever takes the value makes this: there is no other list of what is assumed.
    """

    said: Message
    """What was taken."""
    why: Message
    setting: str = ""
    """The setting of `toban.toml` that overrides it; empty if only the document can say it."""
    word: str = ""
    """The document's word, if `[assumptions]` may give it another meaning."""
    meaning: Meaning | None = None
    """What that meaning must be."""
    is_set: bool = False
    """Whether `toban.toml` says it, so that nothing is assumed any more."""

    @property
    def code(self) -> str:
        """The code of what it says."""
        return self.said.code

    def __str__(self) -> str:
        return str(self.said)

    def as_output(self) -> dict[str, object]:
        """Return what JSON outputs and the API say."""
        return {
            "message": self.said.as_output(),
            "why": self.why.as_output(),
            "setting": self.setting,
            "is_set": self.is_set,
        }


def of_word(word: str, meaning: Meaning, said: Message, why: Message = NOTHING) -> Assumption:
    """Return the assumption about a *word* of the document; `[assumptions]` may give it another meaning."""
    why = why or Message("design.why-word", word=word)
    return Assumption(said, why, f"[assumptions] {word}", word, meaning)
