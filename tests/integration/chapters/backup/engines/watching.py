"""A `Watch` for tests."""

from collections.abc import Callable
from dataclasses import dataclass, field

from toban.engine.trial import Doubt
from toban.message import NOTHING, Message


def text_of(doubt: Doubt) -> str:
    """Return what *doubt* says, and its way out."""
    return "\nHINT: ".join(map(str, doubt if isinstance(doubt, tuple) else (doubt,)))


@dataclass
class Watching:
    """Records what is reported, and can stop the operation."""

    lines: list[str] = field(default_factory=list)
    told: list[tuple[float | None, str]] = field(default_factory=list)
    act: Callable[[], object] | None = None
    """Called once, in the middle: at the first progress report."""
    stops_after: int | None = None
    """Number of looks after which the operation must stop; None: never."""
    _looks: int = 0

    def say(self, text: Message) -> None:
        self.lines.append(str(text))

    def progress(self, percent: float | None, text: Message = NOTHING) -> None:
        self.told.append((percent, str(text)))
        if self.act is not None:
            act, self.act = self.act, None
            act()

    def why_stop(self) -> object | None:
        self._looks += 1
        return "cancelled" if self.stops_after is not None and self._looks > self.stops_after else None
