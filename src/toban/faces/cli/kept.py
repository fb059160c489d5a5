"""The edition that the worker of a home has in force, for commands beside it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from toban.faces.cli.parts import Parts

if TYPE_CHECKING:
    from toban.engine.bindings.inforce import Edition

KEPT = "in-force"
"""The folder of a home in which the worker keeps what is in force."""


def kept_edition(parts: Parts, home: Path) -> "Edition | None":
    """Return what the worker of *home* keeps in force; where it runs elsewhere, what TOBAN_DESIGN names.

    Cited as the worker cites it, by the name that the ledger holds.
    """
    from toban.engine.evidence.models import LedgerEntry  # noqa: PLC0415

    told = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.DOCUMENT, content__has_key="in_force")
    taken = told.order_by("-sequence").first()
    document = Path(str(taken.content["in_force"])) if taken else None
    kept = parts.in_force(home / KEPT, document).last_kept()
    if kept is not None or "TOBAN_DESIGN" not in os.environ:
        return kept
    named = parts.in_force()
    named.refresh()
    return named.edition
