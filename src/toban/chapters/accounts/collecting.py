"""Reads the accounts of the systems that are due, each by itself: one that fails hinders no other."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from django.db import transaction
from django.db.models import Max

from toban.chapters.accounts.account import AccountList, FoundAccount
from toban.chapters.accounts.collector import AccountsUnknown
from toban.chapters.accounts.models import (
    AccessDecision,
    AccessRemoval,
    CollectedAccount,
    Leaver,
    SystemReading,
)
from toban.chapters.accounts.plan import AccountsPlan, AccountSystem
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.message_field import storable
from toban.engine.state.reach import is_away
from toban.message import NOTHING, Message, message_of
from toban.text import storable_text

log = structlog.get_logger(__name__)

_AT_ONCE = 8
_BATCH = 500
_LAST_LOOK = timedelta(minutes=1)
"""So long before the time of an account ends, it is looked at once more."""
_MOST_TOLD = 100
"""Of the accounts that appeared or changed at one look, as many stand in the audit log by name."""


def collect(plan: AccountsPlan, now: datetime) -> None:
    """Read every system that is due."""
    wanted = due(plan, now)
    if not wanted:
        return
    others = [each for each in wanted if not each.is_own]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="accounts") as pool:
        answers = pool.map(lambda each: _asked(each, now), others)
        # Toban's own are in the state database, to which no other thread needs a connection.
        for own in wanted:
            if own.is_own:
                keep(own.name, _asked(own, now), now)
        for system, answer in zip(others, answers, strict=True):
            keep(system.name, answer, now)


def due(plan: AccountsPlan, now: datetime) -> Sequence[AccountSystem]:
    """Return the systems to be read: at the usual times, and at once after somebody leaves or is to go."""
    readings = SystemReading.objects.in_bulk([each.name for each in plan.systems])
    told = Leaver.objects.filter(withdrawn_at=None).aggregate(at=Max("told_at"))["at"]
    revoked = AccessDecision.objects.filter(is_kept=False).aggregate(at=Max("at"))["at"]
    begun = AccessRemoval.objects.filter(begins_at__lte=now).aggregate(at=Max("begins_at"))["at"]
    news = max((at for at in (told, revoked, begun, *_ends(now)) if at is not None), default=None)
    return [each for each in plan.systems if _is_due(readings.get(each.name), plan, news, now)]


def _ends(now: datetime) -> Iterator[datetime]:
    """Yield the moments shortly before, and at, the end of an account's time: looks then prove most."""
    for before in (_LAST_LOOK, timedelta()):
        ending = AccessRemoval.objects.open().filter(until__lte=now + before)
        if (at := ending.aggregate(at=Max("until"))["at"]) is not None:
            yield at - before


def _is_due(reading: SystemReading | None, plan: AccountsPlan, news: datetime | None, now: datetime) -> bool:
    if reading is None or now - reading.looked_at >= plan.access.every:
        return True
    # A clock that was set back must not stop the looks for hours.
    return reading.looked_at > now or (news is not None and news > reading.looked_at)


def _asked(system: AccountSystem, now: datetime) -> AccountList | Message:
    try:
        return system.read(now)
    except AccountsUnknown as unknown:
        return message_of(unknown)
    except Exception as error:
        if is_away(error):
            # Toban's own accounts are in the state, without which nothing is to be said of them either.
            raise
        # Another's kind may fail in any way: that system is unknown, and the others are looked at.
        log.exception("accounts_failed", system=system.name)
        return Message("accounts.kind-failed", why=type(error).__name__)


def keep(system: str, answer: AccountList | Message, now: datetime) -> None:
    """Store what was read; a system that can't be read keeps its accounts as they were."""
    with transaction.atomic():
        ledger.hold()
        reading = SystemReading.objects.filter(name=system).first() or SystemReading(name=system)
        reading.looked_at = now
        if isinstance(answer, Message):
            reading.trouble = answer
            reading.save()
            return
        is_first = reading.taken_at is None
        reading.taken_at, reading.trouble = answer.taken_at, NOTHING
        reading.terms = answer.terms.as_json() if answer.terms is not None else None
        reading.revision = uuid4().hex
        reading.gaps = [storable(gap).as_json() for gap in answer.gaps]
        reading.save()
        _record(system, _kept(system, answer.accounts, now), now, is_first=is_first)


def _kept(system: str, found: Iterable[FoundAccount], now: datetime) -> dict[str, list[str]]:
    """Bring the stored accounts up to date, and return which appeared, went, or have other rights."""
    former = {each.name: each for each in CollectedAccount.objects.there().filter(system=system)}
    # Of two with one name, such as in two branches of a directory, the one that somebody can use counts.
    told = sorted(found, key=lambda each: (not each.is_locked, each.is_privileged))
    current = {storable_text(each.name)[:200]: each for each in told}
    new = [
        CollectedAccount(system=system, name=name, first_seen=now, changed_at=now)
        for name in current.keys() - former.keys()
    ]
    rows = [*new, *(former[name] for name in current.keys() & former.keys())]
    privileged = {each.name for each in former.values() if each.is_privileged}
    locked = {each.name for each in former.values() if each.is_locked}
    for row in rows:
        row.take(current[row.name], now)
    old = [row for row in rows if row.pk is not None]
    fields = [each.name for each in CollectedAccount._meta.concrete_fields if not each.primary_key]  # noqa: SLF001
    CollectedAccount.objects.bulk_update(old, fields, _BATCH)
    CollectedAccount.objects.bulk_create(new, _BATCH)
    gone = sorted(former.keys() - current.keys())
    CollectedAccount.objects.there().filter(system=system, name__in=gone).update(ended_at=now)
    return {
        "created": sorted(each.name for each in new),
        "deleted": gone,
        "raised": sorted(each.name for each in old if each.is_privileged and each.name not in privileged),
        "lowered": sorted(each.name for each in old if not each.is_privileged and each.name in privileged),
        "locked": sorted(each.name for each in old if each.is_locked and each.name not in locked),
        "unlocked": sorted(each.name for each in old if not each.is_locked and each.name in locked),
    }


def _record(system: str, changed: dict[str, list[str]], now: datetime, *, is_first: bool) -> None:
    """Have the audit log say what changed; at the first look everything is new, and nothing happened."""
    told = {kind: names[:_MOST_TOLD] for kind, names in changed.items() if names}
    if is_first or not told:
        return
    counts = {kind: len(names) for kind, names in changed.items() if names}
    content = {"event": "accounts-changed", "system": system, "counts": counts, **told}
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content), now=now)
