"""Which digests are due at a look: each is due once, also after a pause of Toban, and after a kill."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from toban.design.clauses.notices import NotificationRule
from toban.design.values.schedule import Schedule
from toban.engine.bindings.model import System
from toban.engine.notify.models import DigestTurn
from toban.engine.notify.routing.timing import has_come


def take(rules: Sequence[NotificationRule], system: System, now: datetime) -> frozenset[Schedule]:
    """Return the digests of *rules* that are due, and record that they are, in the caller's transaction.

    The caller holds the ledger and writes their notifications in the same transaction. A digest that is new
    in the document is first due at its next time.
    """
    digests = _digests(rules)
    if not digests:
        return frozenset()
    # A row that comes back starts anew.
    DigestTurn.objects.exclude(digest__in=digests).delete()
    last = dict(DigestTurn.objects.values_list("digest", "at"))
    due = {name for name, at in last.items() if has_come(digests[name], at, system, now)}
    DigestTurn.objects.filter(digest__in=due).update(at=now)
    DigestTurn.objects.bulk_create(DigestTurn(digest=name, at=now) for name in digests if name not in last)
    return frozenset(digests[name] for name in due)


def are_due(rules: Sequence[NotificationRule], system: System, now: datetime) -> bool:
    """Return whether `take` would return or record anything for a digest of *rules*."""
    digests = _digests(rules)
    last = dict(DigestTurn.objects.values_list("digest", "at")) if digests else {}
    return any(name not in last or has_come(each, last[name], system, now) for name, each in digests.items())


def _digests(rules: Sequence[NotificationRule]) -> Mapping[str, Schedule]:
    return {str(rule.delivery.digest): rule.delivery.digest for rule in rules if rule.delivery.digest}
