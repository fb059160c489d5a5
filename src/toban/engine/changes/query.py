"""What changed about something between two times: the one query behind pages, command and API."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import Q, QuerySet

from toban.engine.changes.act import WHOLE, ChangeFacts, ChangeKind, key_of
from toban.engine.changes.hosts import hosts_of
from toban.engine.changes.index import facts
from toban.engine.changes.models import Change, ChangeSubject
from toban.engine.editions.edition import Edition

BEFORE = timedelta(minutes=60)
"""How long before an alert or a run a change may be its cause."""


@dataclass(frozen=True, slots=True)
class ChangeSearch:
    """Which changes are wanted: from *since* (included) to *until* (excluded)."""

    about: Collection[str] = ()
    """Names, see `around`; what is about the whole system is found with any of them."""
    since: datetime | None = None
    until: datetime | None = None
    kinds: Collection[ChangeKind] = ()
    actor: str = ""
    with_accounts: bool = False
    """Whether changes of accounts are among them: managers alone see those."""


@dataclass(frozen=True)
class TellingChange:
    """A change with what its entry says."""

    change: Change

    @cached_property
    def facts(self) -> ChangeFacts:
        """What the entry says; the kind alone if its reader is gone, or was a newer Toban's."""
        kind = next((each for each in ChangeKind if each == self.change.kind), ChangeKind.OTHER)
        return facts(self.change.entry) or ChangeFacts(kind, kind.word)


def found(asked: ChangeSearch) -> QuerySet[Change]:
    """Return the changes that *asked* wants, the newest first."""
    wanted = _between(asked)
    if asked.kinds:
        wanted &= Q(kind__in=asked.kinds)
    if asked.actor:
        wanted &= Q(actor=asked.actor)
    if not asked.with_accounts:
        wanted &= ~Q(kind=ChangeKind.ACCOUNT)
    if asked.about:
        names = {key_of(each) for each in asked.about} | {WHOLE}
        subjects = ChangeSubject.objects.filter(_between(asked), name__in=names)
        wanted &= Q(pk__in=subjects.values("change"))
    return Change.objects.filter(wanted).select_related("entry").order_by("-at", "-entry")


def told(changes: Iterable[Change]) -> list[TellingChange]:
    """Return *changes*, each with what its entry says."""
    return [TellingChange(each) for each in changes]


def around(edition: Edition, *names: str) -> frozenset[str]:
    """Return *names* and what belongs to them: a row's target and hosts, a target's rows, a host's target."""
    wanted, known = {key_of(each) for each in names if each}, set[str]()
    own = {clause.id: str(getattr(clause, "target", "")) for clause in edition.design.clauses}
    targets = {target for clause, target in own.items() if key_of(clause) in wanted and target}
    for target, hosts in hosts_of(edition.bindings).items():
        if key_of(target) in wanted or wanted & {key_of(each) for each in hosts}:
            known |= {target, *(clause for clause, of in own.items() if of == target)}
            if key_of(target) in wanted:
                known |= hosts
        elif target in targets:
            known |= hosts
    return frozenset({*names, *known, *targets} - {""})


def _between(asked: ChangeSearch) -> Q:
    found = Q() if asked.since is None else Q(at__gte=asked.since)
    return found if asked.until is None else found & Q(at__lt=asked.until)
