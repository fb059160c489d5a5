"""What a chapter reports to the pipeline: the current state of one thing that may need announcing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from toban.design.values.severity import AlertLevel
from toban.engine.editions.edition import Edition
from toban.engine.registry.ports import Port
from toban.message import NOTHING, Message


class Condition(StrEnum):
    """The state of what a signal is about."""

    OK = "ok"
    INFO = "info"
    """Worth knowing, but nothing is wrong: only the matrix's 情報 row is notified."""
    WARNING = "warning"
    CRITICAL = "critical"
    NO_DATA = "no-data"
    """A state of its own: it raises its own alert and resolves nothing."""


WHOLE_TARGET = "whole_target"
"""The label of a signal whose condition is shared by all instances of the target that its row covers."""

UNREACHABLE = "unreachable"
"""The label of a bad signal if no source that probes its target has had an answer, twice in a row or more."""

UNDECIDED = "undecided"
"""The label of a bad signal while it is being decided whether its instance is down, which would be why."""

NO_DATA_SUFFIX = "/no-data"
"""What follows a signal's key in the key of its alert about missing data."""

PROBED_BY = "probed_by"
"""The label of a bad signal that is measured at a place of another target, too: the key of the alert that
this place is down."""

BECAUSE = "because"
"""The label of an event that only follows from an alert: its key. One notification of both is enough."""

PERSONAL = "personal"
"""The label of an event that only its people are notified of, each time in a message of its own; maintenance
does not hold it back."""

EVENT = "event"
"""The label of an alert that is announced once and has no recovery."""


@dataclass(frozen=True, slots=True)
class Signal:
    """The current condition of one (clause, target) for a chapter; reporting it again is harmless."""

    key: str
    """Identity of the alert: clause id, and the instance if the clause covers several."""
    clause_id: str
    citation: str
    clause_text: str
    condition: Condition
    subject: Message
    """What it is about, in the document's words: `APIサーバー CPU使用率`."""
    value: Message
    """The measured value: `92.4%`; the reason if there is no data."""
    limit: Message
    """The limit that was reached: `異常 85%以上`; nothing if OK."""
    began_at: datetime
    """When the first measurement in this condition was made."""
    detected_at: datetime
    """When Toban decided."""
    advice: Message = NOTHING
    """What the document says to do next."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """`target`, `item`, `instance`; if they apply, `WHOLE_TARGET`, `UNREACHABLE` and `UNDECIDED`.

    Silences match these, and inhibition and incidents are decided by them.
    """
    people: tuple[str, ...] = ()
    """Who is notified in addition to the matrix's recipients: names in `[people]`, or roles."""


LEVEL_OF: dict[Condition, AlertLevel] = {
    Condition.INFO: AlertLevel.INFO,
    Condition.WARNING: AlertLevel.WARNING,
    Condition.CRITICAL: AlertLevel.CRITICAL,
    Condition.NO_DATA: AlertLevel.WARNING,
}

type Advise = Callable[[Edition, Sequence[Signal]], Mapping[str, Message]]
"""Returns what to do next about those of the bad signals of which it is known, by their keys."""

ADVICE: Port[Advise] = Port("advice")
"""What else is known about what to do next: the chapter that reports asks for it."""
