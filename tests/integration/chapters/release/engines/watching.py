"""A `DeployWatch` for tests."""

from collections.abc import Callable
from dataclasses import dataclass, field

from toban.message import NOTHING, Message


@dataclass
class Watching:
    """Records what is reported, and can stop the deployment."""

    lines: list[str] = field(default_factory=list)
    act: Callable[[], object] | None = None
    """Called once, in the middle: at the first report of progress."""
    reason: object | None = None
    """Why it must stop."""

    def say(self, text: Message | str) -> None:
        """Note it."""
        self.lines.append(str(text))

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:  # noqa: ARG002
        """Act, the first time."""
        if self.act is not None:
            act, self.act = self.act, None
            act()

    def why_stop(self) -> object | None:
        """Return the reason."""
        return self.reason
