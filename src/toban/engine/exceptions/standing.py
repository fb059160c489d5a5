"""Which exceptions are in force at a moment."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from toban.engine.exceptions.models import RowException
from toban.engine.exceptions.rules import CoveringException


def in_force(now: datetime) -> Sequence[CoveringException]:
    """Return the exceptions in force at *now*, those that end last first."""
    return [each.covering for each in RowException.objects.in_force(now).order_by("-ends_at", "pk")]


def by_row(now: datetime) -> Mapping[str, Sequence[CoveringException]]:
    """Return the exceptions in force at *now* by the id of their row."""
    found: dict[str, list[CoveringException]] = defaultdict(list)
    for each in in_force(now):
        found[each.clause_id].append(each)
    return found
