"""The extension point for how a version reaches an environment: one small Protocol, one failure type."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from toban.chapters.release.bindings import DeploymentBinding
from toban.design.clauses.release import DeployRule
from toban.design.reader import Design
from toban.engine.bindings.table import kinded
from toban.engine.instances.offered import InstanceCount
from toban.engine.registry.kinds import KindPoint
from toban.engine.runs.kinds import no_doubts
from toban.engine.trial import ActFailed, Doubt
from toban.message import NOTHING, Message


class DeployFailed(ActFailed):
    """An engine could not do what it was asked; see `ActFailed`.

    What was serving still serves everywhere, unless the message says otherwise.
    """


class DeployWatch(Protocol):
    """The observer of a deployment: the step of a run."""

    def say(self, text: Message | str) -> None:
        """Report lines of text."""

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        """Report the progress; *percent* is None if the total is not known."""

    def why_stop(self) -> object | None:
        """Return why it must end at once, or None. Call this often."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """What is released: the same bytes for every environment."""

    service: str
    digest: str
    """SHA-256 in hexadecimal digits, of the archive; for an image, the registry's own digest."""
    commit: str
    label: str
    """The version's name for people: `v1.4.2`."""
    archive: Path | None
    """A tar file of the tree; None for an image, and if it is no longer kept here."""
    image: str = ""
    """`registry.example.com/shop@sha256:…`."""


class DeployEngine(Protocol):
    """One environment of one service, ready to use. Every act may be repeated after it was cut off."""

    def installed(self) -> Collection[str]:
        """Return the digests that every instance could serve at once; raise `DeployFailed`."""

    def serving(self) -> Mapping[str, str]:
        """Return instance → digest that it serves now, empty if it is none of Toban's; raise `DeployFailed`.

        Looks at the instances themselves, not at what was ordered. An instance that doesn't answer raises.
        """

    def install(self, artifact: Artifact, watch: DeployWatch) -> None:
        """Bring it beside what is serving, or raise `DeployFailed`; nothing is served from it yet."""

    def switch(self, artifact: Artifact, watch: DeployWatch, *, back: bool = False) -> None:
        """Have every instance serve *artifact*, which is installed, without losing a request.

        *back* says that it served before: the fastest way then, and no migration.

        Healthy instances only get traffic. If that can't be finished, all traffic is left with (or brought
        back to) what served before, and `DeployFailed` is raised; where even that is impossible, its message
        names the instances that serve something else.
        """

    def prune(self, keep: Collection[str]) -> None:
        """Remove all installed versions but those with the digests *keep*, and never one that is serving."""


@runtime_checkable
class KeepsInstances(Protocol):
    """An engine that runs the instances itself."""

    def ensure(self) -> Sequence[Message]:
        """Bring what serves back to what the last switch has left, and return what was done.

        Starts instances that have died, and does nothing while a release is under way; raises `DeployFailed`.
        """


@runtime_checkable
class ScalesInstances(Protocol):
    """An engine that runs as many instances as it is told."""

    def size(self) -> InstanceCount:
        """Return how many there are, by asking the instances; raise `DeployFailed`."""

    def require(self, to: int) -> None:
        """Raise `DeployFailed` if there could not be *to* of them; changes nothing."""

    def resize(self, to: int, watch: DeployWatch) -> None:
        """Have *to* instances of what serves serve, without losing a request, or raise `DeployFailed`.

        The number stays, whatever is released later. If it can't be finished, as many serve as before.
        """


@dataclass(frozen=True, slots=True)
class DeploySite:
    """The context of an engine: its environment, and where it may keep what it needs."""

    name: str
    """Of its table, `[deployments.NAME]`."""
    environment: str
    service: str
    folder: Path
    """The folder of `toban.toml`: relative paths and commands start there."""
    home: Path
    """A private folder of this deployment in Toban's home."""


@dataclass(frozen=True, slots=True)
class EngineKind:
    """A kind of engine as `toban.toml` names it."""

    config: type[DeploymentBinding]
    open: Callable[[Any, DeploySite], DeployEngine]
    """Returns the engine of a config; connects not yet."""
    doubts: Callable[[Any, DeploySite], Iterable[Doubt]] = no_doubts
    """Returns what would keep it from working now, by asking real systems; changes nothing."""
    bound: Callable[[Any], Sequence[str]] = lambda _config: ()
    """Returns the hosts or addresses it acts on: the plan shows them."""


ENGINE_KINDS = KindPoint("deployments", EngineKind)
"""`kind = "…"` of `[deployments.NAME]`."""


def _environments(design: Design) -> Collection[str]:
    return {row.environment for row in design.of(DeployRule)}


DEPLOYMENTS = kinded("deployments", DeploymentBinding, ENGINE_KINDS)
"""An environment → how versions are brought there."""
