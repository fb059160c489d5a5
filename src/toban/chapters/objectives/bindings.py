"""What `toban.toml` says for chapter 1: by what objectives are measured, and what the public may see."""

from typing import Annotated

from pydantic import AfterValidator, Field

from toban.design.clauses.objectives import Objective
from toban.design.reader import Design
from toban.engine.bindings.section import Section
from toban.engine.bindings.table import Table, named, single
from toban.engine.bindings.values import some


class ObjectiveBinding(Section):
    """By what an objective of chapter 1 is measured."""

    target: str
    """A target of `[targets]`."""
    instance: str = ""
    """One of its instances; empty for all."""


class StatusService(Section):
    """`[[status.services]]`: a service as the public page names it."""

    name: str = Field(min_length=1, max_length=80)
    """What the public reads; nothing else of the target is shown."""
    target: str
    """A target of `[targets]`: by its `up` it stands or falls."""
    instance: str = ""
    """One of its instances; empty for all."""


class StatusBinding(Section):
    """`[status]`: what is told to the public, who need not sign in."""

    title: str = Field(min_length=1, max_length=120)
    note: str = Field(default="", max_length=1000)
    """A sentence above all, in the operator's words."""
    serve: bool = False
    """Whether `/status/` is open to everybody; `toban status export` works either way."""
    services: Annotated[tuple[StatusService, ...], AfterValidator(some)]


def _objectives(design: Design) -> set[str]:
    return {each.name for each in design.of(Objective)}


OBJECTIVES = named("objectives", ObjectiveBinding, names=_objectives)
"""An objective by its name in the document → by what it is measured."""

STATUS: Table[StatusBinding | None] = single("status", StatusBinding, None)
"""What the public may see; None: nothing."""
