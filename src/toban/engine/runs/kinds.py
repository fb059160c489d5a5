"""The extension point for what a batch may be: a config, a function of steps, a line of registration."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from toban.design.clauses.batch import Batch
from toban.design.reader import Design
from toban.engine.bindings.model import BatchBinding, Bindings
from toban.engine.runs.parameters import Parameters
from toban.engine.runs.work import Reported, Step


def no_doubts(*_: object) -> Iterable[str]:
    """Say nothing: there is nothing that could be tried."""
    return ()


class NotBindable(Exception):
    """The table is right in itself, but asks for what is not there; the message says what to write where."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a batch stands: its row, and all that the document and the bindings say around it."""

    batch: Batch
    design: Design
    bindings: Bindings

    @property
    def folder(self) -> Path:
        """The folder of `toban.toml`: relative paths and commands start there."""
        return self.bindings.folder.absolute()


@dataclass(frozen=True, slots=True)
class WorkKind:
    """A kind of batch as `toban.toml` names it; the registration in `wiring.py` gives it that name."""

    config: type[BatchBinding]
    steps: Callable[[Any, Site], tuple[Step, ...]]
    """Makes the steps of a valid config, or raises `NotBindable`; connects to nothing yet."""
    reported: Callable[[Any], Reported] | None = None
    """For batches that are done elsewhere, how they are reported of; such a kind makes no steps."""
    doubts: Callable[[Any, Site], Iterable[str]] = no_doubts
    """Says what would keep it from working tonight, as the real world answers; each with a line `HINT: …`.

    Changes nothing anywhere, and takes seconds.
    """
    parameters: Parameters = ()
    """What whoever orders a run may give it."""


def load_kinds(modules: Mapping[str, str]) -> dict[str, WorkKind]:
    """Import the registered *modules* (kind → module name); each holds one `KIND`."""
    found = {}
    for name, module in modules.items():
        kind = import_module(module).KIND
        if not isinstance(kind, WorkKind):
            raise TypeError(f"{module}.KIND is no WorkKind")
        found[name] = kind
    return found
