"""Error tracking in `toban.toml`: which applications report their errors."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from toban.chapters.errors import clauses
from toban.design.clauses.base import Clause
from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Assumed, Section, invalid
from toban.engine.bindings.table import named, single
from toban.engine.bindings.values import Length
from toban.message import Message


def _collecting(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    return iter(clauses.trackings(design))


def _unkept(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    return iter(clauses.trackings(design) if clauses.is_retention_assumed(design) else ())


class TrackingBinding(Section):
    """`[error_tracking]`: what the document leaves open about all errors."""

    kept: Annotated[Length, Assumed("errors.assumed-kept", Message("errors.why-kept"), _unkept)] = timedelta(
        days=90
    )
    """How long events are kept if the document has no row for error logs."""


class ErrorBinding(Section):
    """`[errors.NAME]`: an application that reports its errors with one of Sentry's SDKs."""

    example: ClassVar[Mapping[str, str]] = {"key": "env:APP_ERRORS_KEY"}

    project: int = Field(default=1, ge=1, le=10**9)
    """The number at the end of its DSN, unique to this application."""
    key: Secret
    """The public key of its DSN. It allows anyone to report errors, but not to read anything."""
    silent_after: Annotated[
        Length, Assumed("errors.assumed-silence", Message("errors.why-silence"), _collecting)
    ] = timedelta(days=7)
    """After this long without any data, nobody can say that its errors would arrive."""
    target: str = ""
    """The `[targets.NAME]` that it is a part of: while that is down, or what it runs on, errors are no news.

    Maintenance and silences of the target cover them as well.
    """
    rate: int = Field(default=600, ge=1, le=100_000)
    """Events accepted per minute."""


def _own_projects(tables: dict[str, ErrorBinding]) -> dict[str, ErrorBinding]:
    numbers = [each.project for each in tables.values()]
    twice = next((each for each in numbers if numbers.count(each) > 1), None)
    if twice is not None:
        raise invalid(Message("errors.project-used-twice", project=twice), Message("errors.give-own-numbers"))
    return tables


_ALL = Annotated[Mapping[str, ErrorBinding], AfterValidator(_own_projects)]

TRACKING = single("error_tracking", TrackingBinding, TrackingBinding())
"""What the document leaves open about all errors."""

ERRORS = named("errors", ErrorBinding, shape=_ALL)
"""An application → how it reports its errors."""


def doubts(_design: Design, bindings: Bindings) -> Iterator[Finding]:
    """Name the applications whose target is not bound: no outage would be the cause of their errors."""
    for name, each in ERRORS.of(bindings).items():
        if each.target and each.target not in bindings.targets:
            yield Finding(
                "BD009",
                FindingLevel.WARNING,
                Origin(bindings.file, bindings.lines["errors", name]),
                Message("errors.target-not-bound", application=name, target=each.target),
                f'target = "{each.target}"',
                Message("errors.name-a-target", targets=tuple(bindings.targets) or Message("bindings.none")),
            )
