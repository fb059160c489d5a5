"""What the rows of chapter 9 state, in the units in which it is measured. Pure."""

from toban.design.clauses.capacity import ScalingRule
from toban.design.values.metric import read_metric
from toban.design.values.quantity import BYTES, Quantity
from toban.design.values.threshold import Comparison
from toban.engine.telemetry.units import in_unit_of
from toban.message import NOTHING, Message

BYTE = "B"
HIGH = (Comparison.AT_LEAST, Comparison.ABOVE)
"""The comparisons of a limit that is reached from below."""


def measured_as(quantity: Quantity | None, unit: str) -> float | None:
    """Return *quantity* in the unit that a source measures in; None if it is in another measure."""
    if quantity is None or quantity.unit == "%":
        return None
    if unit == BYTE:
        size = BYTES.get(quantity.unit)
        return None if size is None else float(quantity.value * size)
    return None if quantity.unit in BYTES else float(quantity.value)


def why_not_scaled(row: ScalingRule) -> Message:
    """Return why nothing can be scaled by an automatic *row*; nothing if it can."""
    trigger = row.trigger
    metric = None if trigger is None else read_metric(trigger.subject)
    if trigger is None or metric is None:
        return Message("capacity.trigger-not-measured", trigger=row.trigger_text)
    if trigger.comparison not in HIGH:
        return Message("capacity.scales-in")
    if in_unit_of(metric, trigger.limit) is None:
        return Message("capacity.trigger-not-measured", trigger=row.trigger_text)
    return NOTHING
