"""The evidence by the API: verdicts, notices, orders, versions of the document, proofs."""

from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest
from ninja import Query, Schema

from toban.engine.evidence.ledger import line_of
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import OperatorRole
from toban.faces.api import cursors
from toban.faces.api.access import token_of
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import Moment, Number, Part, Text, Turn

router = ScopedRouter()

_OF_ACCOUNTS = Q(kind=LedgerEntry.Kind.AUDIT, content__has_keys=["event", "address"])
"""Sign-ins and changes of accounts: pages show them to managers only."""


class ShownEntry(Schema):
    """An entry of the evidence, with all that its digest is made of."""

    sequence: int
    at: str
    kind: LedgerEntry.Kind
    actor: str
    clause_id: str
    document_digest: str
    content: dict[str, Any]
    previous: str
    digest: str


class EntryFilter(Schema):
    """Which entries are wanted."""

    kind: LedgerEntry.Kind | None = None
    clause: Text = ""
    actor: Text = ""
    since: Moment | None = None
    until: Moment | None = None

    @property
    def wanted(self) -> Q:
        """The filter for the state database."""
        asked = {
            "kind": self.kind,
            "clause_id": self.clause,
            "actor": self.actor,
            "at__gte": self.since,
            "at__lt": self.until,
        }
        return Q(**{name: value for name, value in asked.items() if value})


@router.read("/evidence", "read:evidence", Part[ShownEntry])
def entries(request: HttpRequest, turn: Query[Turn], asked: Query[EntryFilter]) -> Any:
    """List the entries, newest first. What happened to accounts is shown to managers only."""
    return cursors.newest(request, turn, _shown_to(request).filter(asked.wanted), line_of)


@router.read("/evidence/{sequence}", "read:evidence", ShownEntry)
def entry(request: HttpRequest, sequence: Number) -> Any:
    """Return one entry by its number."""
    found = _shown_to(request).filter(sequence=sequence).first()
    if found is None:
        raise Http404
    return line_of(found)


def _shown_to(request: HttpRequest) -> Any:
    is_manager = token_of(request).operator.operator_role == OperatorRole.MANAGER
    return LedgerEntry.objects.all() if is_manager else LedgerEntry.objects.exclude(_OF_ACCOUNTS)
