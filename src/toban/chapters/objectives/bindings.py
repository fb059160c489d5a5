"""Chapter 1 in `toban.toml`: how objectives are measured, and what the public may see."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from toban.chapters.objectives.coverage import NEEDED
from toban.design.clauses.base import Clause
from toban.design.clauses.objectives import Objective
from toban.design.reader import Design
from toban.engine.bindings.section import Assumed, Section
from toban.engine.bindings.table import Table, named, single
from toban.engine.bindings.values import Share, some
from toban.message import Message


def _objective(design: Design, _bound: Section, name: str) -> Iterator[Clause]:
    return (row for row in design.of(Objective) if row.name == name)


class ObjectiveBinding(Section):
    """How an objective of chapter 1 is measured."""

    harmless = frozenset({"target", "instance", "known"})

    target: str
    """A target of `[targets]`."""
    instance: str = ""
    """One of its instances; empty for all."""
    known: Annotated[
        Share, Assumed("objectives.assumed-coverage", Message("objectives.why-coverage"), _objective)
    ] = NEEDED
    """The share of the time since the row came into force that must be known, or it is not measurable."""


class StatusService(Section):
    """`[[status.services]]`: a service under its name on the public page."""

    name: str = Field(min_length=1, max_length=80)
    """The public name; nothing else about the target is shown."""
    target: str
    """A target of `[targets]`, whose `up` decides the service's state."""
    instance: str = ""
    """One of its instances; empty for all."""


class StatusBinding(Section):
    """`[status]`: what the public may see without signing in."""

    harmless = frozenset({"title", "note"})

    title: str = Field(min_length=1, max_length=120)
    note: str = Field(default="", max_length=1000)
    """A sentence at the top of the page, in the operator's words."""
    serve: bool = False
    """Whether `/status/` is public; `toban status export` works either way."""
    services: Annotated[tuple[StatusService, ...], AfterValidator(some)]


def _objectives(design: Design) -> set[str]:
    return {each.name for each in design.of(Objective)}


OBJECTIVES = named("objectives", ObjectiveBinding, names=_objectives)
"""An objective's name in the document → how it is measured."""

STATUS: Table[StatusBinding | None] = single("status", StatusBinding, None)
"""What the public may see; None: nothing."""
