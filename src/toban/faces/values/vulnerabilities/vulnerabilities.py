"""Vulnerabilities and inventories as JSON values, and in the words of pages and commands."""

from collections.abc import Mapping
from datetime import datetime

from toban.chapters.vulnerabilities.advisories.rating import Rating
from toban.chapters.vulnerabilities.imported.taking import Taken
from toban.chapters.vulnerabilities.models import ImportedReport, InventoryReading, Vulnerability
from toban.chapters.vulnerabilities.operation import OPERATION
from toban.chapters.vulnerabilities.plan import ScanPlan
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.message import Message, from_json


def must_be_bound(inventory: str, edition: Edition) -> None:
    """Raise `NotPossible` unless *inventory* is bound: a misspelt one has no vulnerabilities."""
    names = tuple(each.name for each in edition.plan(OPERATION).inventories)
    if inventory not in names:
        known = Message("vulnerabilities.known-inventories", names=names)
        bind = Message("vulnerabilities.not-bound", file=edition.bindings.file)
        raise NotPossible(
            Message("vulnerabilities.no-such-inventory", name=inventory), known if names else bind
        )


def vulnerability_values(each: Vulnerability, plan: ScanPlan) -> Mapping[str, object]:
    """Return *each*, with its owner and until when it must be mended."""
    due = due_at(each, plan)
    return {
        "name": each.name,
        "advisories": each.advisories,
        "rating": each.rating,
        "summary": each.summary,
        "inventory": each.inventory,
        "ecosystem": each.ecosystem,
        "package": each.package,
        "installed": each.installed,
        "version": each.version,
        "fixed": each.fixed,
        "owner": owner_of(each.inventory, plan),
        "exploited_since": each.exploited_since.isoformat() if each.exploited_since else None,
        "likelihood": each.likelihood,
        "sources": each.sources,
        "closing": each.closing or None,
        "first_seen": each.first_seen.isoformat(),
        "last_seen": each.last_seen.isoformat(),
        "due_at": due.isoformat() if due is not None else None,
    }


def inventory_values(each: InventoryReading) -> Mapping[str, object]:
    """Return *each* without its packages."""
    return {
        "name": each.name,
        "packages": len(each.packages),
        "looked_at": each.looked_at.isoformat(),
        "taken_at": each.taken_at.isoformat() if each.taken_at else None,
        "trouble": each.trouble.as_output() if each.trouble else None,
    }


def report_values(each: ImportedReport) -> Mapping[str, object]:
    """Return what is known of a report, without what it found."""
    return {
        "inventory": each.inventory,
        "source": each.source,
        "format": each.format,
        "digest": each.digest,
        "made_at": each.made_at.isoformat() if each.made_at else None,
        "received_at": each.received_at.isoformat(),
        "received_from": each.received_from,
        "named": each.found,
        "left_out": [from_json(gap).as_output() for gap in each.left_out],
    }


def taken_values(taken: Taken) -> Mapping[str, object]:
    """Return what a report changed."""
    return {
        **report_values(taken.report),
        "found": taken.looked.found,
        "ended": len(taken.looked.ended),
        "closed": len(taken.settled.closed),
        "reopened": len(taken.settled.reopened),
    }


def due_at(each: Vulnerability, plan: ScanPlan) -> datetime | None:
    """Return until when *each* must be mended; None if nobody has set a limit."""
    limit = plan.terms.limits.get(Rating(each.rating))
    return each.due_at(limit) if limit is not None else None


def owner_of(inventory: str, plan: ScanPlan) -> str:
    """Return the role that mends what is found in *inventory*; empty if nobody is named."""
    return next((each.config.owner for each in plan.inventories if each.name == inventory), "")
