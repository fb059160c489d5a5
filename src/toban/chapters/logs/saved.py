"""Saved searches: save, list, delete. Raises `NotPossible` if an order makes no sense."""

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from toban.chapters.logs.models import SavedSearch
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.people.models import Operator, OperatorRole

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
        raise NotPossible("名前は1文字から %(most)s 文字です", "短い名前を付けてください", most=LONGEST_NAME)
    if is_shared and not may_order(operator):
        raise NotPossible("閲覧者は検索を共有できません", "共有せずに保存してください")
    if SavedSearch.objects.filter(owner=operator).count() >= MOST:
        raise NotPossible("保存できる検索は %(most)s 件までです", "使わないものを削除してください", most=MOST)
    try:
        with transaction.atomic():
            return SavedSearch.objects.create(owner=operator, name=name, query=query, is_shared=is_shared)
    except IntegrityError as taken:
        raise NotPossible(
            "「%(name)s」という検索はすでにあります", "別の名前にしてください", name=name
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
        raise NotPossible("その検索は削除されています", "ページを開き直してください")
    if not may_delete(operator, found):
        raise NotPossible("共有の検索を削除できるのは、保存した人と運用責任者です", "その人に頼んでください")
    found.delete()
    return found.name
