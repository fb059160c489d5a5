"""From an alert to the known failure that it is a symptom of, and the reason. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from toban.design.clauses.incident import FailurePattern
from toban.design.values.metric import Metric
from toban.engine.notify.signal import Condition
from toban.message import Message

_BAD = (Condition.WARNING, Condition.CRITICAL)


@dataclass(frozen=True, slots=True)
class Symptom:
    """What an alert says about a target."""

    target: str
    metric: Metric | None
    """None if it is about nothing that is measured."""
    condition: Condition
    is_silent: bool = False
    """Whether nothing at all is measured of the target any more."""


@dataclass(frozen=True, slots=True)
class Match:
    """A known failure, and why an alert is taken as its symptom."""

    row: FailurePattern
    why: Message


def symptom(labels: Mapping[str, str], condition: Condition, silent: Collection[str]) -> Symptom:
    """Return what an alert with *labels* says; *silent* are the targets of which nothing is measured."""
    target, item = labels.get("target", ""), labels.get("item", "")
    metric = Metric(item) if item in Metric else None
    return Symptom(target, metric, condition, target in silent)


def match(found: Symptom, patterns: Iterable[FailurePattern]) -> Match | None:
    """Return the first of *patterns* that shows so; None for what is no known failure."""
    metric = _shows_in(found)
    about = (row for row in patterns if row.symptom is metric and row.is_about(found.target))
    row = next(about, None) if found.target else None
    if row is None or metric is None:
        return None
    code = "silent" if found.condition is Condition.NO_DATA else "shows"
    said = Message(
        f"incident-remedies.why-{code}", failure=row.name, target=found.target, metric=metric.label
    )
    return Match(row, said)


def _shows_in(found: Symptom) -> Metric | None:
    """Return the metric in which it shows: a target of which no source says anything any more is down."""
    if found.condition in _BAD:
        return found.metric
    is_down = found.condition is Condition.NO_DATA and found.is_silent
    return Metric.UP if is_down else None
