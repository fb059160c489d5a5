"""The port through which extensions say what an incident did to customers. See `IMPACT`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from toban.engine.editions.edition import Edition
from toban.engine.registry.ports import Port, Ports
from toban.message import NOTHING, Message

if TYPE_CHECKING:
    from toban.engine.telemetry.store import Telemetry


class Impact(StrEnum):
    """What a figure counts."""

    FAILED_REQUESTS = "failed-requests"
    AFFECTED_USERS = "affected-users"
    ERROR_BUDGET = "error-budget"


@dataclass(frozen=True, slots=True)
class ImpactQuestion:
    """What was it that customers suffered from, and when."""

    edition: Edition
    targets: tuple[str, ...]
    """By the document's names; empty for the whole system."""
    since: datetime
    until: datetime
    telemetry: "Telemetry"


@dataclass(frozen=True, slots=True)
class ImpactFigure:
    """One figure, or why it could not be measured."""

    impact: Impact
    label: Message
    value: Message = NOTHING
    """It says nothing if it was not measured."""
    why: Message = NOTHING
    """Why it was not; or how it was, with its limits."""


type MeasureImpact = Callable[[ImpactQuestion], Iterable[ImpactFigure]]

IMPACT: Port[MeasureImpact] = Port("impact")
"""What is not measured is a figure too, without a value. What only `errors` knows, only `errors` says."""


def measured(question: ImpactQuestion, ports: Ports) -> Sequence[ImpactFigure]:
    """Return all figures for *question*, in the order of `Impact`."""
    found = [figure for measure in ports.all(IMPACT) for figure in measure(question)]
    order = list(Impact)
    return sorted(found, key=lambda figure: order.index(figure.impact))
