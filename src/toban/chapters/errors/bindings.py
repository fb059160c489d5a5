"""Error tracking in `toban.toml`: which applications report their errors."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section, invalid
from toban.engine.bindings.table import named
from toban.message import Message


class ErrorBinding(Section):
    """`[errors.NAME]`: an application that reports its errors with one of Sentry's SDKs."""

    example: ClassVar[Mapping[str, str]] = {"key": "env:APP_ERRORS_KEY"}

    project: int = Field(default=1, ge=1, le=10**9)
    """The number at the end of its DSN, unique to this application."""
    key: Secret
    """The public key of its DSN. It allows anyone to report errors, but not to read anything."""
    rate: int = Field(default=600, ge=1, le=100_000)
    """Events accepted per minute."""


def _own_projects(tables: dict[str, ErrorBinding]) -> dict[str, ErrorBinding]:
    numbers = [each.project for each in tables.values()]
    twice = next((each for each in numbers if numbers.count(each) > 1), None)
    if twice is not None:
        raise invalid(Message("errors.project-used-twice", project=twice), Message("errors.give-own-numbers"))
    return tables


_ALL = Annotated[Mapping[str, ErrorBinding], AfterValidator(_own_projects)]

ERRORS = named("errors", ErrorBinding, shape=_ALL)
"""An application → how it reports its errors."""
