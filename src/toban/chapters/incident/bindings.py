"""The settings of chapter 7 in `toban.toml`: incidents, and what they leave open."""

from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from toban.design.clauses.base import Clause
from toban.design.clauses.incident import FailurePattern, IncidentFlow, IncidentLevel
from toban.design.reader import Design
from toban.design.values.severity import AlertLevel
from toban.engine.approvals.rules import ASSUMED_WITHIN
from toban.engine.bindings.section import Assumed, Section
from toban.engine.bindings.table import single
from toban.engine.bindings.values import Length
from toban.engine.modes.rules import Mode
from toban.engine.notify.routing.contacts import folded
from toban.message import Message


def _immediate(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    return (row for row in design.of(IncidentLevel) if row.is_immediate)


def _levels(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    return iter(design.of(IncidentLevel))


def _flows(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    return iter(design.of(IncidentFlow))


def _patterns(design: Design, _bound: Section, name: str) -> Iterator[Clause]:
    return (row for row in design.of(FailurePattern) if folded(name) in map(folded, row.remedies))


class ReportAccess(StrEnum):
    """Who may fill in the form for users' reports."""

    SIGNED_IN = "signed-in"
    PUBLIC = "public"


class IncidentBinding(Section):
    """`[incidents]`: what the document leaves open about incidents."""

    harmless = frozenset(
        {"immediate", "join_within", "updates_every", "report_within", "measures_within", "recurs_within"}
    )

    declare_from: AlertLevel = AlertLevel.CRITICAL
    """The level of alerts from which on an incident is declared."""
    immediate: Annotated[
        Length, Assumed("incident.assumed-immediate", Message("incident.why-immediate"), _immediate)
    ] = timedelta(minutes=5)
    """How long 即時 is."""
    join_within: Annotated[
        Length, Assumed("incident.assumed-join", Message("incident.why-join"), _levels)
    ] = timedelta(minutes=30)
    """An alert that opens so soon after the newest of an open incident joins it; a user's report alike."""
    updates_every: Annotated[
        Length, Assumed("incident.assumed-updates", Message("incident.why-updates"), _flows)
    ] = timedelta(minutes=30)
    """How often those who are concerned are told how an open incident stands."""
    report_within: Annotated[
        int, Field(ge=1, le=60), Assumed("incident.assumed-report", Message("incident.why-report"), _flows)
    ] = 5
    """Business days after the recovery until when the report is owed."""
    measures_within: Annotated[
        int,
        Field(ge=1, le=250),
        Assumed("incident.assumed-measures", Message("incident.why-measures"), _flows),
    ] = 5
    """Business days after the recovery until when the measures are to be named."""
    recurs_within: Annotated[
        Length, Assumed("incident.assumed-recurs", Message("incident.why-recurs"), _flows)
    ] = timedelta(days=90)
    """The same failure within so long after an incident was closed is that incident again."""
    reports: ReportAccess = ReportAccess.SIGNED_IN
    """Who may report a failure on the page `/report/`; `public`: everybody who reaches the server."""


INCIDENTS = single("incidents", IncidentBinding, IncidentBinding())
"""What the document leaves open about incidents."""


class RemedyBinding(Section):
    """`[remedies.NAME]`: the settings of every kind of remedy. NAME is in the words of the pattern's row."""

    target: str = ""
    """The `[targets.NAME]` that it mends; by default the one that the pattern's row names."""
    mode: Mode = Mode.SHADOW
    """What Toban does when the failure is seen: only record what it would do, ask first, or do it."""
    act_from: AlertLevel = AlertLevel.CRITICAL
    """The level of alerts from which on it is done; before, it is only named as what to do next."""
    each_instance: bool = False
    """Whether it mends the one instance that an alert is about, and not the whole target at once."""
    deployment: str = ""
    """The `[deployments.NAME]` of the target: nothing is done there while a release is under way."""
    most: int = Field(default=2, ge=1, le=100)
    """How often it is done for one target within an hour; then people are called instead."""
    effect_within: Annotated[
        Length, Assumed("incident.assumed-effect", Message("incident.why-effect"), _patterns)
    ] = timedelta(minutes=10)
    """How soon after it the alert must have ended: otherwise it had no effect."""
    approval_within: Annotated[
        Length, Assumed("incident.assumed-approval", Message("incident.why-approval"), _patterns)
    ] = ASSUMED_WITHIN
    """How long it waits for approval where its mode is to ask."""
    timeout: Length = timedelta(minutes=10)
    """The longest that one attempt may take."""
    runbook: str = ""
    """The address of a page that says more about it; shown beside the alert."""
