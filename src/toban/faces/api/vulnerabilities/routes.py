"""Vulnerabilities by the API: what is open, and reports of other scanners."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from django.http import HttpRequest
from ninja import Query, Schema

from toban.chapters.vulnerabilities.imported import taking
from toban.chapters.vulnerabilities.models import Vulnerability
from toban.chapters.vulnerabilities.operation import OPERATION
from toban.engine.orders import NotPossible
from toban.faces.api import cursors
from toban.faces.api.acting import giver_of, ordered
from toban.faces.api.edition import edition_in_force
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import Asked, IdempotencyKey, Part, Said, Text, Turn
from toban.faces.values.vulnerabilities.vulnerabilities import (
    must_be_bound,
    taken_values,
    vulnerability_values,
)
from toban.message import Message

router = ScopedRouter()


class ShownClosing(Schema):
    """The VEX statement that closes a vulnerability."""

    source: str
    status: str
    justification: str


class ShownVulnerability(Schema):
    """A vulnerability of a package in an inventory."""

    name: str
    advisories: list[str]
    rating: str
    summary: str
    inventory: str
    ecosystem: str
    package: str
    installed: list[str]
    version: str
    fixed: str
    owner: str
    exploited_since: str | None
    likelihood: float | None
    sources: list[str]
    closing: ShownClosing | None
    first_seen: str
    last_seen: str
    due_at: str | None


class ShownImport(Schema):
    """A report that was taken in, and what it changed."""

    inventory: str
    source: str
    format: str
    digest: str
    made_at: str | None
    received_at: str
    received_from: str
    named: int
    left_out: list[Said]
    found: int
    ended: int
    closed: int
    reopened: int


class WantedImport(Asked):
    """A report of another scanner, or VEX."""

    inventory: Text
    source: Text = ""
    """Who says it; empty: as the report names itself."""
    report: dict[str, Any]
    """As it is: Trivy's JSON, SARIF, CycloneDX or OpenVEX."""


class WantedForgetting(Asked):
    """A source that is not asked any more."""

    inventory: Text
    source: Text
    reason: Text


@router.read("/vulnerabilities", "read:vulnerabilities", Part[ShownVulnerability])
def vulnerabilities(
    request: HttpRequest, turn: Query[Turn], inventory: Text = "", *, closed: bool = False
) -> Any:
    """List the vulnerabilities that are open, or those that a VEX statement closes, newest first."""
    edition = edition_in_force()
    if inventory:
        must_be_bound(inventory, edition)
    plan = edition.plan(OPERATION)
    names = [inventory] if inventory else [each.name for each in plan.inventories]
    every = Vulnerability.objects.closed() if closed else Vulnerability.objects.open()
    found = every.filter(inventory__in=names)
    return cursors.newest(request, turn, found, lambda each: vulnerability_values(each, plan))


@router.act("/vulnerabilities/import", "act:vulnerabilities", ShownImport)
def import_(request: HttpRequest, wanted: WantedImport, key: IdempotencyKey) -> Any:
    """Take in a report, in place of the former one of its source; what closes is a manager's to take in."""

    def act(_by: str, now: datetime) -> dict[str, object]:
        edition = edition_in_force()
        must_be_bound(wanted.inventory, edition)
        by = giver_of(request)
        taken = taking.take(
            _written(wanted.report), wanted.inventory, wanted.source, by=by, edition=edition, now=now
        )
        return dict(taken_values(taken))

    return ordered(request, key, act)


def _written(report: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(report)
    except orjson.JSONEncodeError as error:
        # More levels can be read than written.
        raise NotPossible(Message("vulnerabilities.report-too-deep")) from error


@router.act("/vulnerabilities/forget", "act:vulnerabilities", ShownImport)
def forget(request: HttpRequest, wanted: WantedForgetting, key: IdempotencyKey) -> Any:
    """Take back what a source reported, and its statements."""

    def act(_by: str, now: datetime) -> dict[str, object]:
        edition = edition_in_force()
        must_be_bound(wanted.inventory, edition)
        by = giver_of(request)
        taken = taking.forget(wanted.inventory, wanted.source, wanted.reason, by=by, edition=edition, now=now)
        return dict(taken_values(taken))

    return ordered(request, key, act)
