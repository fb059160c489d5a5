"""Which work that no row orders is done regularly all the same, and the row that would order it. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from toban.engine.notify.routing.contacts import folded
from toban.message import NOTHING, Message

_OFTEN = 3
"""So many times at least: two have an interval, and no regularity."""
_STRAY = 0.2
"""So far each interval may be from the usual one: a holiday moves what is weekly by a day."""
_WEEK = range(6, 9)
_OFTEN_CODES = {
    "tasks.often-daily": range(1, 2),
    "tasks.often-monthly": range(27, 33),
    "tasks.often-quarterly": range(85, 98),
    "tasks.often-yearly": range(355, 376),
}
"""How often → the days from one to the next."""
_COLUMNS = ("name", "frequency", "owner", "content")


@dataclass(frozen=True, slots=True)
class DoneWork:
    """Work that was ordered once."""

    name: str
    owner: str
    content: str
    day: date
    """On which it began, in the document's zone."""


@dataclass(frozen=True, slots=True)
class ProposedRow:
    """A row of chapter 10 that would order what is done anyway."""

    work: DoneWork
    """The newest: its words are the row's."""
    times: int
    frequency: Message
    """How often, as documents write it."""

    def markdown(self, language: str) -> str:
        """Return the table to paste into a document in *language*."""
        heading = [Message(f"tasks.column-{each}").in_language(language) for each in _COLUMNS]
        cells = (self.work.name, self.frequency.in_language(language), self.work.owner, self.work.content)
        return "\n".join(
            (_line(heading), _line(["---"] * len(heading)), _line([_cell(each) for each in cells]))
        )


def proposed(done: Iterable[DoneWork], ordered: Iterable[str]) -> Iterator[ProposedRow]:
    """Yield a row for each name in *done* that is regular, and not among the *ordered*: those of rows."""
    by_name: Mapping[str, list[DoneWork]] = defaultdict(list)
    for each in done:
        by_name[folded(each.name)].append(each)
    known = {folded(name) for name in ordered}
    for name, several in by_name.items():
        days = sorted({each.day for each in several})
        frequency = _frequency(days) if len(days) >= _OFTEN and name not in known else NOTHING
        if frequency:
            yield ProposedRow(max(several, key=lambda each: each.day), len(days), frequency)


def _frequency(days: Sequence[date]) -> Message:
    """Return how often *days* are; nothing if they are not regular."""
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    usual = sorted(gaps)[len(gaps) // 2]
    if any(abs(gap - usual) > usual * _STRAY for gap in gaps):
        return NOTHING
    if usual in _WEEK:
        weekday = Counter(each.weekday() for each in days).most_common(1)[0][0]
        return Message("tasks.often-weekly", day=Message(f"tasks.weekday-{weekday}"))
    code = next((code for code, span in _OFTEN_CODES.items() if usual in span), "")
    return Message(code) if code else NOTHING


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """Return *text* as a cell: a table ends at a line's end, and a cell at a bar."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
