"""Which measurements belong to which objective. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from toban.chapters.objectives.bindings import OBJECTIVES
from toban.chapters.objectives.coverage import NEEDED
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.objectives import Objective
from toban.design.reader import Design
from toban.design.values.metric import Metric
from toban.engine.bindings.model import WHOLE_SYSTEM, Bindings
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

    @property
    def limit(self) -> float:
        """The target as a number, in the indicator's unit."""
        return float(self.objective.target.limit.value)


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
        metric = _MEASURED.get(objective.metric) if objective.metric is not None else None
        if metric is None:
            unmeasured[objective.id] = Message("objectives.not-measurable", name=objective.name)
            continue
        found = _indicator(objective, metric, faces, bindings)
        if isinstance(found, Sli):
            slis.append(found)
        else:
            unbound[objective.id] = found
    return LevelPlan(tuple(slis), unbound, unmeasured)


def _indicator(
    objective: Objective, metric: Metric, faces: Sequence[str], bindings: Bindings
) -> Sli | Message:
    written = OBJECTIVES.of(bindings).get(objective.name)
    if written is not None:
        if written.target not in bindings.targets:
            section = f'[targets."{written.target}"]'
            return Message("objectives.target-missing", file=bindings.file, section=section)
        of = Indicator(objective.id, metric, written.target, written.instance)
        return Sli(objective, of, written.known)
    section = f'[objectives."{objective.name}"] target = "…"'
    way_out = Message("objectives.write-section", file=bindings.file, section=section)
    if not faces:
        return Message("objectives.no-target-answers-users", way_out=way_out)
    if len(faces) > 1:
        return Message("objectives.several-targets-answer-users", targets=faces, way_out=way_out)
    return Sli(objective, Indicator(objective.id, metric, faces[0]))


def _faces(monitors: Sequence[Monitor], bindings: Bindings) -> Sequence[str]:
    """Return the bound targets that answer users: those whose response time the document watches."""
    named = [each.target or WHOLE_SYSTEM for each in monitors if each.metric is Metric.RESPONSE_TIME]
    return [target for target in dict.fromkeys(named) if target in bindings.targets]
