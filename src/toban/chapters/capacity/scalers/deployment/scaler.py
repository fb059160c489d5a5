"""The scaler of a deployment: it asks whoever runs the instances."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from toban.chapters.capacity.scaler import GroupSize, ScalerSite, ScalingFailed
from toban.chapters.capacity.scalers.deployment.config import DeploymentScaling
from toban.engine.instances.offered import INSTANCES, NotScaled, ScaledInstances
from toban.engine.runs.work import RunTurn
from toban.engine.trial import Doubt
from toban.message import Message


@dataclass(frozen=True, slots=True)
class DeploymentScaler:
    """See `Scaler`."""

    config: DeploymentScaling
    site: ScalerSite

    def size(self) -> GroupSize:
        """See `Scaler`."""
        with _failing():
            found = self._instances().size()
        return GroupSize(found.wanted, found.serving, found.most)

    def resize(self, to: int, turn: RunTurn) -> None:
        """See `Scaler`."""
        with _failing():
            self._instances().resize(to, turn)

    def close(self) -> None:
        """See `Scaler`: nothing is kept open."""

    def doubts(self) -> Iterator[Doubt]:
        """Yield what would keep it from growing: by one, and to what the binding allows."""
        try:
            with _failing():
                instances = self._instances()
                there = instances.size()
                for to in dict.fromkeys(
                    (min(there.wanted + 1, there.most), self.config.most or there.wanted)
                ):
                    instances.require(to)
        except ScalingFailed as failed:
            yield failed.doubt

    def _instances(self) -> ScaledInstances:
        name = self.config.deployment
        found = (find(self.site.edition, name) for find in self.site.ports.all(INSTANCES))
        instances = next((each for each in found if each is not None), None)
        if instances is None:
            said = Message("capacity-scalers.no-such-deployment", name=name)
            raise ScalingFailed(said, hint=Message("capacity-scalers.name-a-deployment"))
        return instances


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except NotScaled as failed:
        raise ScalingFailed(failed.doubt, retry=failed.retry) from failed
