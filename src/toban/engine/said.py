"""What the engine says to people, its values apart so that a page can say it in another language. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence in Japanese; the text alone is what catalogues of other languages know it by."""

    text: str
    """With `%(name)s` where a value belongs."""
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text % self.values if self.values else self.text


def recorded(text: str, /, **values: object) -> str:
    """Return the sentence as it goes on record: in Japanese, with its values in it.

    Pages say it in another language by knowing *text* again, so that it has to be one of theirs.
    """
    return str(Said(text, values))
