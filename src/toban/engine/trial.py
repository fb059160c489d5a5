"""A trial: something that `toban check --live` tries before it fails in production."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.engine.bindings import toml
from toban.engine.bindings.model import Bindings, KindBinding
from toban.message import NOTHING, Message

type Doubt = Message | tuple[Message, Message]
"""What is wrong; or that, and the way out."""


class ActFailed(Exception):
    """Something could not be done; `doubt` tells the operator why, without any secret.

    `retry` says whether the same order may succeed later without anybody changing anything.
    """

    def __init__(self, doubt: Doubt, *, hint: Message = NOTHING, retry: bool = False) -> None:
        message, hint = doubt if isinstance(doubt, tuple) else (doubt, hint)
        super().__init__(Message("common.hinted", what=message, hint=hint) if hint else message)
        self.doubt: Doubt = (message, hint) if hint else message
        self.retry = retry


class TrialCode(StrEnum):
    """What a live finding is about; permanent, each with a page `docs/findings/CODE.md`."""

    BATCH = "LV001"
    SOURCE = "LV002"
    STORE = "LV003"
    BACKUP = "LV004"
    CHANNEL = "LV005"
    HANGS = "LV006"
    NO_ROW = "LV007"
    COST = "LV008"
    APPROVAL = "LV009"
    RELEASE = "LV010"
    CAPACITY = "LV011"
    REMEDY = "LV012"
    GAME_DAY = "LV013"
    INVENTORY = "LV014"
    ACCOUNTS = "LV015"
    PATCHES = "LV016"
    DOCUMENT = "LV017"
    BILL = "LV018"


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing to try."""

    code: str
    """One of `TrialCode`, or a package's own."""
    name: Message
    """Its name for people: `バッチ B001`."""
    origin: Origin
    quote: str
    doubts: Callable[[], Iterable[Doubt]]
    """Tries it and returns the problems."""
    hint: Message
    """The way out for a problem that names none."""

    def finding(self, doubt: Doubt) -> Finding:
        """Return *doubt* as a finding."""
        said, hint = doubt if isinstance(doubt, tuple) else (doubt, self.hint)
        message = Message("engine.trial-found", trial=self.name, doubt=said)
        return Finding(self.code, FindingLevel.ERROR, self.origin, message, self.quote, hint)


def place_of(bindings: Bindings, table: str, name: str) -> Origin:
    """Return the file and line of a table's entry."""
    return Origin(bindings.file, bindings.lines[table, name])


def quote_of(table: str, name: str, bound: KindBinding[Any]) -> str:
    """Return the head of an entry as written in the file: `[batches.B001] kind = "command"`."""
    return f'[{table}.{toml.key(name)}] kind = "{bound.kind}"'
