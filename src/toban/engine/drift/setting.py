"""What an extension offers so that reality is compared with the document: settings, not verdicts.

A row states a value (保存期間 90日), and a system has a setting of the same meaning (the retention of a log
group). An extension that knows both says where to look; the engine looks, compares, keeps what it has seen
and proposes the words for the document.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from toban.design.clauses.base import Clause
from toban.design.stated.value import StatedValue, TimeReckoning
from toban.engine.editions.edition import Edition
from toban.engine.registry.ports import Port
from toban.message import Message


class SettingUnknown(Exception):
    """The setting could not be read; the message tells the operator why, without any secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedSetting:
    """A value that a row states, and the setting of a system that should be the same."""

    row: Clause
    value: StatedValue[Any]
    place: Message
    """Which system, and which of its settings: it is the evidence for what was seen there."""
    look: Callable[[], str | None]
    """Returns the setting as `value.read` reads it, or raises `SettingUnknown`; it may take seconds.

    None: the system sets nothing there, so that there is nothing to compare.
    """
    uses_state: bool = False
    """Whether `look` asks the state database, and nothing else: all others are called by other threads."""

    @property
    def stated(self) -> object:
        """What the row states."""
        return self.value.of(self.row)

    @property
    def key(self) -> str:
        """Its own name: another place is another setting, and not the same one changed."""
        place = sha256(repr(sorted(self.place.as_json().items(), key=str)).encode()).hexdigest()
        return f"{self.value.name}/{place[:16]}/{self.row.id}"


type SettingsOf = Callable[[Edition], Iterable[ComparedSetting]]
"""Returns what is compared of an edition. It asks nobody: every page shows what differs."""

COMPARED_SETTINGS: Port[SettingsOf] = Port("compared-settings")


def reckoning_of(edition: Edition) -> TimeReckoning:
    """Return by which clocks and days the schedules of *edition* are compared."""
    return TimeReckoning(edition.bindings.system.zone, edition.bindings.system.business)
