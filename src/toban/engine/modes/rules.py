"""Decisions about acts that Toban does by itself: their modes, and what it takes to change one. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from toban.message import Message


class Mode(StrEnum):
    """What Toban does when an automatic act is due; from the most careful to the boldest."""

    SHADOW = "shadow"
    """It decides and records, and changes nothing."""
    ASK = "ask"
    """It acts once the row's role has approved."""
    ACT = "act"

    def is_bolder(self, other: "Mode") -> bool:
        """Return whether this mode does more by itself than *other*."""
        return list(Mode).index(self) > list(Mode).index(other)


def word(mode: Mode) -> Message:
    """Return the word for *mode*."""
    return Message(f"modes.{mode}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticAct:
    """Something that Toban does by itself."""

    subject: str
    """Its permanent name: `schedule/B001`."""
    title: Message
    bound: str = ""
    """What it does, as the bindings say it."""
    declared: Mode = Mode.ACT
    """The mode that the bindings say; that of a new kind of act is `SHADOW`."""
    boldest: Mode = Mode.ACT
    """Where the bindings demand an approval, people can't do away with it here."""
    role: str
    """Who approves it, in the document's words."""
    is_irreversible: bool = False
    clause_id: str = ""


@dataclass(frozen=True, slots=True)
class ModeDecision:
    """What a person decided about an act."""

    mode: Mode
    declared: Mode
    """What the bindings said then."""
    approved: str = ""
    """What the act did, as the bindings said it, if the role approved the decision."""


type ModeDecisions = Mapping[str, ModeDecision]
"""The subject of an act → the newest decision."""


def mode_now(act: AutomaticAct, decisions: ModeDecisions) -> Mode:
    """Return the mode of *act*: the newer word of the bindings and a person counts."""
    found = decisions.get(act.subject)
    is_newest = found is not None and found.declared is act.declared and not _is_unapproved(act, found)
    decided = found.mode if found is not None and is_newest else act.declared
    return more_careful(decided, act.boldest)


def _is_unapproved(act: AutomaticAct, found: ModeDecision) -> bool:
    """Return whether the approval that it takes was for something else, or was not needed then."""
    return needs_approval(act, found.mode) and (not found.approved or found.approved != act.bound)


def is_over(found: ModeDecision, act: AutomaticAct | None) -> bool:
    """Return whether *found* counts for good no more: the bindings said something else since.

    *act* is what it was about, or None if the bindings don't have that any more: another act of the same name
    begins as the bindings say, but what a person stopped does not begin to act by that.
    """
    if act is None:
        return found.mode.is_bolder(found.declared)
    return found.declared is not act.declared


def more_careful(first: Mode, second: Mode) -> Mode:
    """Return the mode that does less by itself."""
    return second if first.is_bolder(second) else first


def needs_approval(act: AutomaticAct, wanted: Mode) -> bool:
    """Return whether the row's role must approve that *act* is done without asking from now on."""
    return act.is_irreversible and wanted is Mode.ACT
