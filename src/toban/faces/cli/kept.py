"""The edition that the worker of a home has in force, for commands that run next to it."""

import os
from pathlib import Path

from django.conf import settings

from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.registry.parts import Parts
from toban.engine.supervision.home import in_force_folder
from toban.faces.terminal import refuse
from toban.message import Message

_NOTHING_RUNS = 2


def kept_edition(parts: Parts, home: Path) -> Edition | None:
    """Return the edition in force in *home*; if its worker runs elsewhere, the one that TOBAN_DESIGN names.

    It is cited as the worker cites it, by the name in the ledger.
    """
    kept = parts.in_force(in_force_folder(home), _document()).last_kept()
    if kept is not None or "TOBAN_DESIGN" not in os.environ:
        return kept
    named = parts.in_force()
    named.refresh()
    return named.edition


def _document() -> Path | None:
    """Return the document in force by the name in the ledger."""
    told = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.DOCUMENT, content__has_key="in_force")
    taken = told.order_by("-sequence").first()
    return Path(str(taken.content["in_force"])) if taken else None


def asked_edition(parts: Parts) -> Edition:
    """Return what TOBAN_DESIGN and TOBAN_BINDINGS name if one of them does, else the edition in force.

    This is for what a person tries at a terminal beside the worker: bringing back, reading back, masking.
    """
    if "TOBAN_DESIGN" in os.environ:
        return named_edition(parts)
    return named_edition(parts, _document()) if os.environ.get("TOBAN_BINDINGS") else edition_of(parts)


def named_edition(parts: Parts, design: Path | None = None) -> Edition:
    """Return what TOBAN_DESIGN, or *design*, and TOBAN_BINDINGS name; if unreadable, end with status 2.

    This is for when the state database is lost and nobody can say what was in force.
    """
    named = parts.in_force(design=design)
    named.refresh()
    if named.edition is None:
        reason = named.refusal.reason if named.refusal is not None else Message("cli.unreadable-document")
        refuse(reason, Message("cli.check-design-and-bindings"))
        raise SystemExit(_NOTHING_RUNS)
    return named.edition


def edition_of(parts: Parts) -> Edition:
    """Return the edition in force in the home that TOBAN_HOME names; if there is none, end with status 2."""
    found = kept_edition(parts, settings.HOME)
    if found is None and "TOBAN_DESIGN" in os.environ:
        return named_edition(parts)
    if found is None:
        refuse(Message("cli.no-document-runs", home=settings.HOME), Message("cli.name-home-or-document"))
        raise SystemExit(_NOTHING_RUNS)
    return found
