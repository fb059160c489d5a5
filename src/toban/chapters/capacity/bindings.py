"""The settings of chapter 9 in `toban.toml`: what is measured, and what is scaled."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field, InstanceOf

from toban.design.clauses.base import Clause
from toban.design.clauses.capacity import ResourceUsage, ScalingRule, names_group
from toban.design.reader import Design
from toban.design.values.money import Money, read_money
from toban.engine.approvals.rules import ASSUMED_WITHIN
from toban.engine.bindings.section import Assumed, Section, invalid
from toban.engine.bindings.table import single
from toban.engine.bindings.values import Length
from toban.engine.instances.groups import GroupSection
from toban.engine.modes.rules import Mode
from toban.engine.notify.routing.contacts import folded
from toban.message import Message


def _usage_rows(design: Design, _bound: Section, name: str) -> Iterator[Clause]:
    return (row for row in design.of(ResourceUsage) if folded(row.resource) == folded(name))


def _rules(design: Design, _bound: Section, name: str) -> Iterator[Clause]:
    return (row for row in design.of(ScalingRule) if names_group(row, name))


def _rules_without_time(design: Design, _bound: Section, name: str) -> Iterator[Clause]:
    named = (row for row in design.of(ScalingRule) if names_group(row, name))
    return (row for row in named if row.trigger is not None and row.trigger.sustained is None)


def _rules_of_hand(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    return (row for row in design.of(ScalingRule) if not row.is_automatic)


def _price(written: object) -> object:
    found = read_money(written) if isinstance(written, str) else written
    if not isinstance(found, Money):
        raise invalid(Message("capacity.not-a-price"), Message("capacity.write-a-price"))
    return found


Every = Annotated[Length, Assumed("capacity.assumed-every", Message("capacity.why-every"), _usage_rows)]


class ResourceBinding(Section):
    """`[resources.NAME]`: the settings of every kind of usage source."""

    every: Every = timedelta(minutes=5)
    """How often it is measured."""


class ScalingBinding(GroupSection):
    """`[scaling.GROUP]`: the settings of every kind of scaler."""

    target: str = ""
    """The `[targets.NAME]` whose metric the rule looks at; by default the group's own name."""
    resource: str = ""
    """The `[resources.NAME]` that counts the group: its 上限 is how many there may be."""
    most: int | None = Field(default=None, ge=1, le=10_000)
    """How many instances there may be, where the document's usage table does not say it."""
    sustained: Annotated[
        Length, Assumed("capacity.assumed-sustained", Message("capacity.why-sustained"), _rules_without_time)
    ] = timedelta(minutes=15)
    """How long the condition must hold where the row does not say it."""
    needs: tuple[str, ...] = ()
    """The `[targets.NAME]` that must be up, too: more web servers don't help a database that is down."""
    mode: Mode = Mode.SHADOW
    """What Toban does when a rule's condition holds: only record what it would do, ask first, or scale."""
    cool_down: Length | None = None
    """How long after an instance was added no other is; by default as long as the rule's own time."""
    price: Annotated[InstanceOf[Money], BeforeValidator(_price)] | None = None
    """What one instance costs a month: `¥5,500`; a rule's replay on history says what it would have cost."""
    approval_within: Annotated[
        Length, Assumed("capacity.assumed-approval", Message("capacity.why-approval"), _rules)
    ] = ASSUMED_WITHIN
    """How long an added instance waits for approval where its mode is to ask."""
    timeout: Length = timedelta(minutes=30)
    """The longest that one attempt may take."""


class CapacityBinding(Section):
    """`[capacity]`: what the document leaves open about capacity."""

    extend_within: Annotated[
        Length,
        Assumed("capacity.assumed-extend-within", Message("capacity.why-extend-within"), _rules_of_hand),
    ] = timedelta(days=14)
    """How soon a resource that people extend is extended, once it is due."""


CAPACITY = single("capacity", CapacityBinding, CapacityBinding())
"""What the document leaves open about capacity."""
