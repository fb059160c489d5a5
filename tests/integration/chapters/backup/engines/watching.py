"""Who follows an act in a test."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Watching:
    """Keeps what is said, and may ask the act to stop."""

    lines: list[str] = field(default_factory=list)
    told: list[tuple[float | None, str]] = field(default_factory=list)
    act: Callable[[], object] | None = None
    """Is called once, in the middle: at the first progress."""
    stops_after: int | None = None
    """Looks after which the act must end; None: never."""
    _looks: int = 0

    def say(self, text: str) -> None:
        self.lines.append(text)

    def progress(self, percent: float | None, text: str = "") -> None:
        self.told.append((percent, text))
        if self.act is not None:
            act, self.act = self.act, None
            act()

    def why_stop(self) -> object | None:
        self._looks += 1
        return "cancelled" if self.stops_after is not None and self._looks > self.stops_after else None
