"""The accounts of those who leave: found wherever they are, and how surely they are theirs."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from toban.chapters.accounts.joining import ClaimBasis, Neighbours, basis_of, called, identity_of
from toban.chapters.accounts.models import AccessRemoval, CollectedAccount, Leaver, SystemReading
from toban.chapters.accounts.plan import AccountsPlan, AccountSystem
from toban.chapters.accounts.seen import there
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry

_REMEMBERED = timedelta(days=400)
"""How long after somebody left their accounts are still looked for: one may come back."""

type _Key = tuple[int | None, str, str]
"""Leaver, system and account."""


@dataclass(frozen=True, slots=True)
class LeaverAccount:
    """An account that may be a leaver's."""

    leaver: Leaver
    account: CollectedAccount
    basis: ClaimBasis

    @property
    def key(self) -> _Key:
        """Which account of whom."""
        return self.leaver.pk, self.account.system, self.account.name


def find(plan: AccountsPlan, now: datetime) -> None:
    """Note every account of those who leave, unless it is locked."""
    leavers = list(Leaver.objects.filter(withdrawn_at=None, until__gt=now - _REMEMBERED))
    if not leavers:
        return
    noted = AccessRemoval.objects.filter(ground=AccessRemoval.Occasion.LEAVER, leaver__in=leavers)
    known: dict[_Key, AccessRemoval] = {_key(each): each for each in noted.open()}
    denied = {_key(each) for each in noted.filter(is_theirs=False)}
    rows = there(SystemReading.objects.in_bulk([each.name for each in plan.systems]))
    for each in _accounts_of(leavers, plan, rows):
        if each.account.is_locked:
            continue
        noted_one = known.get(each.key)
        if noted_one is not None:
            _learn(noted_one, each)
        # What somebody has said to be another's is asked again only once something else is declared.
        elif each.basis is ClaimBasis.DECLARED or each.key not in denied:
            _note(each, now)


def shown_of(leavers: Collection[Leaver], plan: AccountsPlan) -> Collection[int]:
    """Return of whom a system has surely shown an account, by number, be it locked or gone by now."""
    if not leavers:
        return ()
    asked = _ShownQuestion.of(leavers)
    known = _answered.get(id(plan))
    if known is not None and known.question == asked and asked.is_certain:
        return known.found
    shown = _accounts_of(leavers, plan, _ever())
    found = {each.leaver.pk for each in shown if each.basis is ClaimBasis.DECLARED}
    _answered.clear()
    # With the plan itself: as long as it is here, no other has its identity.
    _answered[id(plan)] = _ShownAnswer(plan, asked, found)
    return found


@dataclass(frozen=True, slots=True)
class _ShownQuestion:
    """What the answer of `shown_of` depends on, besides the plan."""

    leavers: Sequence[tuple[int, str, tuple[str, ...]]]
    revisions: Sequence[tuple[str, str]]
    """Of each system, which look has read it last: nobody else changes its accounts."""

    @classmethod
    def of(cls, leavers: Collection[Leaver]) -> "_ShownQuestion":
        return cls(
            [(each.pk, each.name, tuple(each.accounts)) for each in leavers],
            list(SystemReading.objects.order_by("name").values_list("name", "revision")),
        )

    @property
    def is_certain(self) -> bool:
        """Whether each look can be told from another: those of former versions had no revision."""
        return bool(self.revisions) and all(revision for _, revision in self.revisions)


@dataclass(frozen=True, slots=True)
class _ShownAnswer:
    plan: AccountsPlan
    question: _ShownQuestion
    found: Collection[int]


_answered: dict[int, _ShownAnswer] = {}
"""The newest answer: the loops ask every few seconds, and every account that ever was is read for it."""


def _ever() -> Mapping[str, Sequence[CollectedAccount]]:
    """Return all accounts that were ever there, by system."""
    found: dict[str, list[CollectedAccount]] = defaultdict(list)
    for row in CollectedAccount.objects.order_by("name"):
        found[row.system].append(row)
    return found


def _key(removal: AccessRemoval) -> _Key:
    return removal.leaver_id, removal.system, removal.account


def _accounts_of(
    leavers: Iterable[Leaver], plan: AccountsPlan, rows: Mapping[str, Sequence[CollectedAccount]]
) -> Iterator[LeaverAccount]:
    known = {each: identity_of(each.name, each.accounts, plan.index) for each in leavers}
    by_name: dict[str, list[Leaver]] = defaultdict(list)
    for leaver, identity in known.items():
        for name in identity.names:
            by_name[name].append(leaver)
    for system in plan.systems:
        of_system = rows.get(system.name, ())
        neighbours = Neighbours.of(each.found for each in of_system if each.ended_at is None)
        for row in of_system:
            for leaver in _called_like(row, system, by_name, plan):
                basis = basis_of(row.found, system.config, neighbours, known[leaver], plan.index)
                if basis is not None:
                    yield LeaverAccount(leaver, row, basis)


def _called_like(
    row: CollectedAccount, system: AccountSystem, by_name: Mapping[str, list[Leaver]], plan: AccountsPlan
) -> Iterable[Leaver]:
    """Return whoever may have the account: few of many who leave."""
    forms = called(row.found, system.config, plan.index)
    return dict.fromkeys(leaver for form in forms for leaver in by_name.get(form, ()))


def _learn(noted: AccessRemoval, each: LeaverAccount) -> None:
    """Keep by what an account is theirs now: the bindings may say more than before, or something else."""
    if noted.basis != each.basis:
        noted.basis = each.basis
        AccessRemoval.objects.filter(pk=noted.pk).update(basis=each.basis)


def _note(each: LeaverAccount, now: datetime) -> None:
    leaver, account = each.leaver, each.account
    with transaction.atomic():
        ledger.hold()
        _, is_new = AccessRemoval.objects.get_or_create(
            system=account.system,
            account=account.name,
            ground=AccessRemoval.Occasion.LEAVER,
            leaver=leaver,
            ended_at=None,
            withdrawn_at=None,
            defaults={
                "basis": each.basis,
                "ordered_by": leaver.told_by,
                "found_at": now,
                "begins_at": leaver.leaves_at,
                "until": leaver.until,
            },
        )
        if is_new:
            content = {
                "event": "leaver-account-found",
                "leaver": leaver.name,
                "system": account.system,
                "account": account.name,
                "basis": str(each.basis),
            }
            ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content), now=now)
