"""The extension point for remedies: one small Protocol, one failure type."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from toban.chapters.incident.bindings import RemedyBinding
from toban.engine.bindings.table import kinded
from toban.engine.editions.edition import Edition
from toban.engine.registry.kinds import KindPoint
from toban.engine.registry.ports import Port, Ports
from toban.engine.runs.kinds import no_doubts
from toban.engine.runs.work import RunTurn
from toban.engine.trial import ActFailed, Doubt
from toban.message import Message


class RemedyFailed(ActFailed):
    """A remedy could not be carried out; see `ActFailed`."""


@contextmanager
def of_another_chapter() -> Iterator[None]:
    """Raise what another chapter could not do as the remedy's own failure."""
    try:
        yield
    except ActFailed as failed:
        raise RemedyFailed(failed.doubt, retry=failed.retry) from failed


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a remedy would do now."""

    said: Message
    facts: Mapping[str, object] = field(default_factory=dict)
    """What `apply` goes by, as JSON: what was decided before is the same when it is repeated."""


class Remedy(Protocol):
    """What is done about a failure of one target."""

    def rehearse(self, turn: RunTurn) -> Rehearsal:
        """Return what it would do now, by asking the real system; changes nothing. Raises `RemedyFailed`."""

    def apply(self, turn: RunTurn, facts: Mapping[str, object]) -> Message:
        """Do it and return what was done; *facts* are those of the rehearsal. Raises `RemedyFailed`.

        May be repeated after it was cut off: doing it twice must do no more harm than doing it once. Asks
        `turn.why_stop()` often.
        """


@dataclass(frozen=True, slots=True)
class RemedySite:
    """The context of a remedy."""

    name: str
    """Of its table, `[remedies.NAME]`."""
    target: str
    """What it mends, by the document's name."""
    folder: Path
    """The folder of `toban.toml`: relative paths and commands start there."""
    home: Path
    """Toban's home."""
    ports: Ports
    edition: Edition
    """What is in force: for a remedy that another chapter carries out."""

    def offered[T](self, port: Port[Callable[[Edition, str], T | None]], name: str, no: RemedyFailed) -> T:
        """Return what another chapter has under *name*; raise *no* if no chapter has."""
        offers = (find(self.edition, name) for find in self.ports.all(port))
        found = next((each for each in offers if each is not None), None)
        if found is None:
            raise no
        return found


@dataclass(frozen=True, slots=True)
class RemedyKind:
    """A kind of remedy as `toban.toml` names it."""

    config: type[RemedyBinding]
    open: Callable[[Any, RemedySite], Remedy]
    """Returns the remedy of a config; connects not yet."""
    doubts: Callable[[Any, RemedySite], Iterable[Doubt]] = no_doubts
    """Returns what would keep it from working now, by asking real systems; changes nothing."""
    bound: Callable[[Any], str] = lambda _config: ""
    """Returns what it does, in one line: those who approve are shown this."""
    is_irreversible: bool = False
    """Whether it takes an approval in every mode: a failover."""


REMEDY_KINDS = KindPoint("remedies", RemedyKind)
"""`kind = "…"` of `[remedies.NAME]`."""

REMEDIES = kinded("remedies", RemedyBinding, REMEDY_KINDS)
"""A remedy in the words of a pattern's row → how it is done."""
