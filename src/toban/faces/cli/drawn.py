"""Tables and columns in the terminal, drawn by rich."""

import sys
from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from toban.text import printable_lines


class Harmless:
    """What rich draws, without the control characters in its texts."""

    def __init__(self, drawn: RenderableType) -> None:
        self._drawn = drawn

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for text, style, control in console.render(self._drawn, options):
            yield Segment(text if control else printable_lines(text), style, control)


def show(drawn: RenderableType, *, width: int) -> None:
    """Print *drawn* as wide as the terminal is; where there is none, *width* wide."""
    # Names come from applications: markup in them is not interpreted.
    wide = None if sys.stdout.isatty() else width
    console = Console(width=wide, markup=False, emoji=False, highlight=False)
    console.print(Harmless(drawn))
