"""Saved searches: save, list, delete. Raises `NotPossible` if an order makes no sense."""

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from toban.chapters.logs.models import SavedSearch
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.people.models import Operator, OperatorRole
from toban.message import Message

MOST = 100
"""The maximum number of searches per operator."""

LONGEST_NAME = 60
"""Characters."""


def visible_to(operator: Operator) -> QuerySet[SavedSearch]:
    """Return the operator's own searches and the shared ones, by name."""
    return SavedSearch.objects.filter(Q(owner=operator) | Q(is_shared=True)).order_by("name", "pk")


def save(operator: Operator, name: str, query: str, *, is_shared: bool) -> SavedSearch:
    """Save *query* as *name*; only operators who may give orders may share it."""
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise NotPossible(
            Message("logs.search-name-has-length", most=LONGEST_NAME), Message("logs.choose-shorter-name")
        )
    if is_shared and not may_order(operator):
        raise NotPossible(
            Message("logs.viewers-share-no-search"), Message("logs.save-search-without-sharing")
        )
    if SavedSearch.objects.filter(owner=operator).count() >= MOST:
        raise NotPossible(
            Message("logs.most-saved-searches", count=MOST), Message("logs.delete-unused-searches")
        )
    try:
        with transaction.atomic():
            return SavedSearch.objects.create(owner=operator, name=name, query=query, is_shared=is_shared)
    except IntegrityError as taken:
        raise NotPossible(
            Message("logs.search-name-taken", name=name), Message("logs.choose-another-name")
        ) from taken


def may_delete(operator: Operator, search: SavedSearch) -> bool:
    """Say whether *operator* may delete *search*: the owner may, and a manager may delete shared ones."""
    return search.owner_id == operator.pk or (
        search.is_shared and operator.operator_role == OperatorRole.MANAGER
    )


def delete(operator: Operator, number: int) -> str:
    """Delete a search, and return its name."""
    found = visible_to(operator).filter(pk=number).first()
    if found is None:
        raise NotPossible(Message("logs.search-deleted"), Message("logs.reload-page"))
    if not may_delete(operator, found):
        raise NotPossible(Message("logs.owner-or-manager-deletes-search"), Message("logs.ask-them"))
    found.delete()
    return found.name
