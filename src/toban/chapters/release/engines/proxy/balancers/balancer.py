"""What the engine asks of a proxy: where it really routes to, and to route elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, order=True)
class Upstream:
    """An instance that gets requests."""

    address: str
    """`127.0.0.1:8310`."""
    weight: int = 1
    """Its part of the requests, beside the weights of the others."""


type Routes = Mapping[str, Sequence[Upstream]]
"""A pool, by the proxy's own name for it → the instances that get its requests."""


class Balancer(Protocol):
    """A proxy that runs. Everything raises `DeployFailed` where it can't be asked, or refuses."""

    def routes(self, pool: str) -> Sequence[Upstream]:
        """Return where the requests of *pool* go now, as the running proxy says it, by address."""

    def route(self, wanted: Routes) -> None:
        """Route the requests of each pool to exactly these instances, and lose none.

        Requests under way finish where they are. Ends once the running proxy does it.
        """

    def in_flight(self, address: str) -> int | None:
        """Return how many requests the instance still works on; None if this proxy can't tell."""

    def forget(self, address: str) -> None:
        """Remove what was left of an instance that gets no requests any more."""
