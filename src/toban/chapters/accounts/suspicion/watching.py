"""Watches sign-ins: Toban's own by its audit log, of other systems when an account was used last."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from toban.chapters.accounts.joining import HolderKind
from toban.chapters.accounts.models import (
    CollectedAccount,
    Suspicion,
    SystemReading,
    WatchedAccount,
    WatchMark,
)
from toban.chapters.accounts.plan import AccountsPlan
from toban.chapters.accounts.seen import there
from toban.chapters.accounts.suspicion.rules import AccountHistory, FoundSuspicion, SignIn, WatchTerms, watch
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition
from toban.engine.people.models import Operator, OperatorRole

_AT_ONCE = 2000
_EVENTS = {"signed-in": True, "sign-in-refused": False, "factor-refused": False}
_UNKNOWN = "?"

type _Key = tuple[str, str]
"""System and account."""


def look(plan: AccountsPlan, terms: WatchTerms, now: datetime) -> None:
    """Take in all sign-ins that are new, and note what is suspicious among them."""
    if not (_entries().exists() or _of_systems(plan)):
        return
    own = next((each.name for each in plan.systems if each.is_own), "")
    with transaction.atomic():
        ledger.hold()
        # Read with the ledger held: of two workers, only one takes in what is new.
        entries = list(_entries()[:_AT_ONCE])
        for key, sign_ins in {**_of_systems(plan), **_of_own(own, entries, plan)}.items():
            _judge(key, sign_ins, terms, now)
        if entries:
            WatchMark.objects.update_or_create(pk=1, defaults={"sequence": entries[-1].sequence})


def _entries() -> QuerySet[LedgerEntry]:
    """Return the entries of the audit log that were not looked at yet, the oldest first."""
    mark = WatchMark.objects.filter(pk=1).values_list("sequence", flat=True).first() or 0
    found = LedgerEntry.objects.filter(
        kind=LedgerEntry.Kind.AUDIT, sequence__gt=mark, content__event__in=list(_EVENTS)
    )
    return found.order_by("sequence")


def _of_own(own: str, entries: Iterable[LedgerEntry], plan: AccountsPlan) -> Mapping[_Key, list[SignIn]]:
    managers = set(
        Operator.objects.filter(operator_role=OperatorRole.MANAGER).values_list("username", flat=True)
    )
    found: dict[_Key, list[SignIn]] = {}
    for entry in entries:
        succeeded = _EVENTS.get(str(entry.content.get("event", "")))
        if succeeded is None or entry.actor in ("", _UNKNOWN):
            continue
        address = str(entry.content.get("address", ""))
        at = entry.at.astimezone(plan.zone)
        is_privileged = entry.actor in managers
        each = SignIn(at, address, succeeded, is_privileged, is_privileged and _has_occasion(at))
        found.setdefault((own, entry.actor), []).append(each)
    return found


def _of_systems(plan: AccountsPlan) -> Mapping[_Key, list[SignIn]]:
    """Return the newest sign-in of every account that was used since it was watched last."""
    names = [each.name for each in plan.systems if not each.is_own]
    known = {
        (each.system, each.name): each.last_at for each in WatchedAccount.objects.filter(system__in=names)
    }
    return {(each.system, each.name): [_used(each, plan)] for each in _used_since(names, known)}


def _used_since(names: Iterable[str], known: Mapping[_Key, datetime | None]) -> Iterator[CollectedAccount]:
    rows = there(SystemReading.objects.in_bulk(list(names)))
    for each in (row for of_system in rows.values() for row in of_system):
        before = known.get((each.system, each.name))
        if each.last_used_at is not None and (before is None or each.last_used_at > before):
            yield each


def _used(each: CollectedAccount, plan: AccountsPlan) -> SignIn:
    if each.last_used_at is None:
        raise AssertionError("only what was used is watched")
    at = each.last_used_at.astimezone(plan.zone)
    place = plan.system(each.system)
    # A machine works at all hours.
    is_machine = place is not None and plan.holder(place, each.found).kind is HolderKind.MACHINE
    return SignIn(
        at,
        each.last_used_from,
        is_privileged=each.is_privileged,
        has_occasion=each.is_privileged and (is_machine or _has_occasion(at)),
    )


def _has_occasion(at: datetime) -> bool:
    """Return whether something was wrong: then people work at any time."""
    wrong = (Condition.CRITICAL.value, Condition.WARNING.value)
    was_open = Q(resolved_at=None) | Q(resolved_at__gte=at)
    return Alert.objects.filter(was_open, opened_at__lte=at, condition__in=wrong).exists()


def _judge(key: _Key, sign_ins: Iterable[SignIn], terms: WatchTerms, now: datetime) -> None:
    row, _ = WatchedAccount.objects.get_or_create(system=key[0][:200], name=key[1][:200])
    history = AccountHistory(
        row.first_at,
        row.last_at,
        set(row.networks),
        deque(map(datetime.fromisoformat, row.failures), maxlen=100),
    )
    for each in watch(history, sign_ins, terms):
        _note(key, each, now)
    row.first_at, row.last_at = history.first_at, history.last_at
    row.networks = sorted(history.networks)
    row.failures = [at.isoformat() for at in history.failures]
    row.save()


def _note(key: _Key, each: FoundSuspicion, now: datetime) -> None:
    system, account = key
    _, is_new = Suspicion.objects.get_or_create(
        system=system,
        account=account,
        rule=each.rule.value,
        at=each.at,
        defaults={"said": each.said, "found_at": now},
    )
    if is_new:
        content = {
            "event": "sign-in-suspected",
            "system": system,
            "account": account,
            "rule": each.rule.value,
            "said": each.said.as_json(),
        }
        ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content), now=now)
