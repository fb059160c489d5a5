"""More instances of a group that chapter 9 scales."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from toban.chapters.incident.bindings import RemedyBinding
from toban.chapters.incident.remedies.remedy import (
    Rehearsal,
    RemedyFailed,
    RemedyKind,
    RemedySite,
    of_another_chapter,
)
from toban.engine.instances.offered import GROUPS, InstanceCount, ScaledGroup
from toban.engine.runs.work import RunTurn
from toban.engine.trial import Doubt
from toban.message import Message


class ScaleRemedy(RemedyBinding):
    """`kind = "scale"`: instances more than are wanted now, within the document's limit."""

    example: ClassVar[Mapping[str, str | Sequence[str]]] = {"group": "Webサーバー"}

    group: str = Field(min_length=1, max_length=200)
    """The `[scaling.GROUP]`."""
    add: int = Field(default=1, ge=1, le=100)
    """How many instances more."""


@dataclass(frozen=True, slots=True)
class OrderedScaling:
    """See `Remedy`."""

    config: ScaleRemedy
    site: RemedySite

    def rehearse(self, _turn: RunTurn) -> Rehearsal:
        """See `Remedy`. To what size it scales is decided here: a repeat does not add more."""
        size = self.size()
        to = min(size.wanted + self.config.add, size.most)
        if to <= size.wanted:
            said = Message("incident-remedies.at-the-limit", group=self.config.group, most=size.most)
            raise RemedyFailed(said)
        said = Message("incident-remedies.would-scale", group=self.config.group, wanted=size.wanted, to=to)
        return Rehearsal(said, {"to": to})

    def apply(self, turn: RunTurn, facts: Mapping[str, object]) -> Message:
        """See `Remedy`."""
        from toban.chapters.incident.remedies.ordered import OrderedRun  # noqa: PLC0415 - Django's tables

        run = OrderedRun(self._group().key, self.site.name)
        return run.carry_out({"to": str(facts["to"])}, turn)

    def size(self) -> InstanceCount:
        """Return how many there are; raise `RemedyFailed`."""
        with of_another_chapter():
            return self._group().size()

    def _group(self) -> ScaledGroup:
        name = self.config.group
        said = Message("incident-remedies.no-such-group", name=name)
        no = RemedyFailed(said, hint=Message("incident-remedies.name-a-group"))
        return self.site.offered(GROUPS, name, no)


def _open(config: ScaleRemedy, site: RemedySite) -> OrderedScaling:
    return OrderedScaling(config, site)


def _doubts(config: ScaleRemedy, site: RemedySite) -> Iterable[Doubt]:
    try:
        _open(config, site).size()
    except RemedyFailed as failed:
        yield failed.doubt


def _bound(config: ScaleRemedy) -> str:
    return f"scaling.{config.group} +{config.add}"


KIND = RemedyKind(config=ScaleRemedy, open=_open, doubts=_doubts, bound=_bound)
