"""The version before, for a failure that a release has brought."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from pydantic import Field, model_validator

from toban.chapters.incident.bindings import RemedyBinding
from toban.chapters.incident.remedies.remedy import (
    Rehearsal,
    RemedyFailed,
    RemedyKind,
    RemedySite,
    of_another_chapter,
)
from toban.engine.bindings.section import invalid
from toban.engine.instances.offered import ROLLBACKS, ReleasedDeployment, RollbackWish
from toban.engine.runs.work import RunTurn
from toban.engine.trial import Doubt
from toban.message import Message


class RollbackRemedy(RemedyBinding):
    """`kind = "rollback"`: the rollback of chapter 5, as after a watch."""

    example: ClassVar[Mapping[str, str | Sequence[str]]] = {"deployment": "production"}

    deployment: str = Field(min_length=1, max_length=200)
    """The `[deployments.NAME]` that goes back to the version before."""

    @model_validator(mode="after")
    def _is_about_the_whole(self) -> Self:
        if self.each_instance:
            raise invalid(Message("incident-remedies.mends-the-whole"))
        return self


@dataclass(frozen=True, slots=True)
class OrderedRollback:
    """See `Remedy`."""

    config: RollbackRemedy
    site: RemedySite

    def rehearse(self, _turn: RunTurn) -> Rehearsal:
        """See `Remedy`."""
        return Rehearsal(self.way_back())

    def apply(self, turn: RunTurn, _facts: Mapping[str, object]) -> Message:
        """See `Remedy`."""
        by = f"remedy/{self.site.name}"[:150]
        why = Message("incident-remedies.rollback-wanted", remedy=self.site.name, target=self.site.target)
        with of_another_chapter():
            return self._deployment().roll_back(RollbackWish(by, why, turn.due_at), turn)

    def way_back(self) -> Message:
        """Say what would serve; raise `RemedyFailed`."""
        with of_another_chapter():
            return self._deployment().way_back()

    def _deployment(self) -> ReleasedDeployment:
        name = self.config.deployment
        said = Message("incident-remedies.no-such-deployment", name=name)
        no = RemedyFailed(said, hint=Message("incident-remedies.name-a-deployment"))
        return self.site.offered(ROLLBACKS, name, no)


def _open(config: RollbackRemedy, site: RemedySite) -> OrderedRollback:
    return OrderedRollback(config, site)


def _doubts(config: RollbackRemedy, site: RemedySite) -> Iterable[Doubt]:
    try:
        _open(config, site).way_back()
    except RemedyFailed as failed:
        yield failed.doubt


def _bound(config: RollbackRemedy) -> str:
    return f"deployments.{config.deployment}"


KIND = RemedyKind(config=RollbackRemedy, open=_open, doubts=_doubts, bound=_bound)
