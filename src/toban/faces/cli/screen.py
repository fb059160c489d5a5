"""A long operation in the terminal: its lines, and a progress bar with the remaining time."""

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from toban.catalogue import active_language
from toban.faces.terminal import harmless
from toban.message import NOTHING, Message


class Screen:
    """Shows an operation on the error stream; standard output is left for results.

    Its threads may say what they do, in the language of whoever began it.
    """

    def __init__(self) -> None:
        self._language = active_language()
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
        )
        self._bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))
        self._task = self._bar.add_task("", total=100)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def say(self, text: Message | str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(self._written(text), markup=False, highlight=False)

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=percent, description=self._written(text))

    def _written(self, text: Message | str) -> str:
        # A thread has no language of its own, and would speak the document's.
        return harmless(text.in_language(self._language) if isinstance(text, Message) else text)

    def why_stop(self) -> object | None:
        """Return None, to go on: Ctrl+C ends the process."""
        return None
