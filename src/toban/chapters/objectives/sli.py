"""Which measurements belong to which objective. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from toban.chapters.objectives.bindings import OBJECTIVES
from toban.chapters.objectives.coverage import NEEDED
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.objectives import Objective
from toban.design.reader import Design
from toban.design.values.metric import Metric
from toban.design.values.statistic import read_statistic
from toban.design.values.threshold import Comparison
from toban.engine.bindings.model import WHOLE_SYSTEM, Bindings
from toban.engine.telemetry.units import in_unit_of
from toban.message import Message

_MEASURED = {
    Metric.AVAILABILITY: Metric.UP,
    Metric.RESPONSE_TIME: Metric.RESPONSE_TIME,
    Metric.ERROR_RATE: Metric.ERROR_RATE,
}
"""What the document promises → what is measured for it."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """What is measured, and the key under which its days are stored."""

    key: str
    metric: Metric
    target: str
    instance: str = ""
    """One instance of the target; empty for all."""

    @property
    def measured_by(self) -> str:
        """A description of what is measured; another indicator means another level."""
        return " ".join(part for part in (self.metric.value, self.target, self.instance) if part)


@dataclass(frozen=True, slots=True)
class Sli:
    """An objective and its indicator."""

    objective: Objective
    indicator: Indicator
    limit: float
    """The target as a number, in the indicator's unit."""
    needed: float = NEEDED
    """The share of the time that must be known for a verdict, 0 to 1."""

    @property
    def metric(self) -> Metric:
        """What is measured."""
        return self.indicator.metric

    @property
    def target(self) -> str:
        """The measured target."""
        return self.indicator.target

    @property
    def measured_by(self) -> str:
        """A description of what is measured."""
        return self.indicator.measured_by


@dataclass(frozen=True, slots=True)
class LevelPlan:
    """What chapter 1 measures, and why it does not measure the rest."""

    slis: tuple[Sli, ...]
    unbound: Mapping[str, Message]
    """Clause id → why it is not measured, and the way out."""
    unmeasured: Mapping[str, Message] = field(default_factory=dict)
    """Clause id → why nothing could measure it."""

    @property
    def why_not(self) -> Mapping[str, Message]:
        """Why objectives are not measured, by clause id."""
        return {**self.unbound, **self.unmeasured}


def plan(design: Design, bindings: Bindings) -> LevelPlan:
    """Return the indicators: those of `[objectives]`, or else the service whose response time is watched."""
    faces = _faces(design.of(Monitor), bindings)
    slis: list[Sli] = []
    unbound: dict[str, Message] = {}
    unmeasured: dict[str, Message] = {}
    for objective in design.of(Objective):
        target = _target(objective)
        if isinstance(target, Message):
            unmeasured[objective.id] = target
            continue
        found = _indicator(objective, target, faces, bindings)
        if isinstance(found, Sli):
            slis.append(found)
        else:
            unbound[objective.id] = found
    return LevelPlan(tuple(slis), unbound, unmeasured)


@dataclass(frozen=True, slots=True)
class _MeasuredTarget:
    """What is measured for an objective, and its limit in that unit."""

    metric: Metric
    limit: float


def _target(objective: Objective) -> _MeasuredTarget | Message:
    """Return what *objective* is measured by, or why no measurement of Toban's is what it promises."""
    metric = _MEASURED.get(objective.metric) if objective.metric is not None else None
    if metric is None:
        return Message("objectives.not-measurable", name=objective.name)
    statistic, _ = read_statistic(objective.target.subject)
    if statistic is not None and statistic.percentile is not None:
        return Message("objectives.percentile-of-a-month", statistic=objective.target.subject)
    limit = in_unit_of(metric, objective.target.limit)
    if limit is None:
        return Message("objectives.unit-does-not-fit", limit=objective.target.limit)
    is_least = objective.target.comparison in (Comparison.AT_LEAST, Comparison.ABOVE)
    if is_least is not (metric is Metric.UP):
        return Message("objectives.other-direction", target=objective.target.message)
    return _MeasuredTarget(metric, limit)


def _indicator(
    objective: Objective, target: _MeasuredTarget, faces: Sequence[str], bindings: Bindings
) -> Sli | Message:
    written = OBJECTIVES.of(bindings).get(objective.name)
    if written is not None:
        if written.target not in bindings.targets:
            section = f'[targets."{written.target}"]'
            return Message("objectives.target-missing", file=bindings.file, section=section)
        of = Indicator(objective.id, target.metric, written.target, written.instance)
        return Sli(objective, of, target.limit, written.known)
    section = f'[objectives."{objective.name}"] target = "…"'
    way_out = Message("objectives.write-section", file=bindings.file, section=section)
    if not faces:
        return Message("objectives.no-target-answers-users", way_out=way_out)
    if len(faces) > 1:
        return Message("objectives.several-targets-answer-users", targets=faces, way_out=way_out)
    return Sli(objective, Indicator(objective.id, target.metric, faces[0]), target.limit)


def _faces(monitors: Sequence[Monitor], bindings: Bindings) -> Sequence[str]:
    """Return the bound targets that answer users: those whose response time the document watches."""
    named = [each.target or WHOLE_SYSTEM for each in monitors if each.metric is Metric.RESPONSE_TIME]
    return [target for target in dict.fromkeys(named) if target in bindings.targets]
