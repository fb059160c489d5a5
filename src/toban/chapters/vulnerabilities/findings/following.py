"""Following what a source finds in an inventory: a scan of Toban's own, or another scanner's report."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched

from toban.chapters.vulnerabilities.advisories.rating import Rating
from toban.chapters.vulnerabilities.matching import VulnerablePackage
from toban.chapters.vulnerabilities.models import OWN, Vulnerability
from toban.chapters.vulnerabilities.package import Package, canonical

_BATCH = 200
_TOLD = (
    "name",
    "version",
    "installed",
    "advisories",
    "summary",
    "rating",
    "rank",
    "fixed",
    "fixable_since",
    "sources",
)
"""What a source may say anew of a vulnerability that is known, besides that it is still there."""


@dataclass(frozen=True, slots=True)
class InventoryLook:
    """What one source says of one inventory."""

    inventory: str
    source: str
    found: Sequence[VulnerablePackage]
    installed: Mapping[Package, Sequence[str]]
    """See `installed_as`."""
    at: datetime
    could_see: Callable[[Vulnerability], bool] = lambda _row: True
    """Whether it would have found a vulnerability that it does not name."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What a look changed."""

    found: int
    """New ones."""
    ended: Sequence[Vulnerability]
    """Those that no source reports any more."""


type _Key = tuple[str, str, str]
"""Ecosystem, canonical name of the package, and name of the vulnerability."""

type _Current = Mapping[tuple[_Key, str], VulnerablePackage]
"""By key and version: a host may have several versions of a package, and each is to be mended."""

type _Former = Mapping[_Key, dict[str, Vulnerability]]
"""By key and version."""


def follow(look: InventoryLook) -> Followed:
    """Record what *look* found, and end what it finds no more unless another source still does."""
    former: dict[_Key, dict[str, Vulnerability]] = defaultdict(dict)
    # Of several versions that are gone, the oldest finding goes on.
    present = list(
        Vulnerability.objects.present().filter(inventory=look.inventory).order_by("first_seen", "pk")
    )
    for row in present:
        former[_key(row.ecosystem, row.package, row.name)][row.version] = row
    current = {
        (_key(each.package.ecosystem, each.package.name, each.name), each.package.version): each
        for each in look.found
    }
    before = {row.pk: _told(row) for row in present}
    rows = {at: _taken(former, current, at, each) for at, each in current.items()}
    for at, each in current.items():
        _describe(rows[at], each, look)
    new = [row for row in rows.values() if row.pk is None]
    known = [row for row in rows.values() if row.pk is not None]
    # Most of thousands are as they were, and to write all of that again would take seconds.
    Vulnerability.objects.bulk_update([row for row in known if _told(row) != before[row.pk]], _TOLD, _BATCH)
    Vulnerability.objects.bulk_create(new, _BATCH)
    seen = {row.pk for row in known}
    for some in batched(seen, _BATCH):
        Vulnerability.objects.filter(pk__in=some).update(last_seen=look.at)
    unseen = [row for row in present if row.pk not in seen and look.source in row.sources]
    return Followed(len(new), _ended([row for row in unseen if look.could_see(row)], look))


def _told(row: Vulnerability) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in _TOLD)


def _key(ecosystem: str, package: str, name: str) -> _Key:
    return ecosystem, canonical(ecosystem, package), name


def _taken(
    former: _Former, current: _Current, at: tuple[_Key, str], each: VulnerablePackage
) -> Vulnerability:
    """Return what *each* was at the former look, also under another name or version: it is as old as that."""
    (ecosystem, package, _), version = at
    names = (each.name, *(name for one in each.advisories for name in (one.id, *one.aliases)))
    for name in names:
        key = ecosystem, package, name
        rows = former.get(key, {})
        for other in (version, *rows):
            # What is still found under its own name and version keeps its row.
            if other in rows and ((key, other) == at or (key, other) not in current):
                return rows.pop(other)
    return Vulnerability()


def _describe(row: Vulnerability, each: VulnerablePackage, look: InventoryLook) -> None:
    """Have *row* say what *look* found; Toban's own word goes before that of others, and gaps are filled."""
    package, others = each.package, [source for source in row.sources if source != look.source]
    leads = look.source == OWN or OWN not in others
    if leads:
        row.inventory, row.ecosystem, row.name = look.inventory, package.ecosystem, each.name
        # As it was spelled first: alerts go by it.
        row.package = row.package or package.name
        row.version, row.installed = package.version, sorted(set(look.installed.get(package, ())))
    named = [one.id for one in each.advisories]
    row.advisories = list(dict.fromkeys([*named, *row.advisories])) if others else named
    summary = each.advisories[0].summary
    row.summary = summary if leads and (summary or not others) else row.summary or summary
    if _is_said(leads=leads, known=each.rating is not Rating.UNKNOWN, had=row.has_rating, others=others):
        row.rating, row.rank = each.rating.value, each.rating.rank
    if _is_said(leads=leads, known=bool(each.fixed), had=bool(row.fixed), others=others):
        row.fixed = each.fixed
    row.sources = sorted({*row.sources, look.source})
    row.first_seen, row.last_seen = row.first_seen or look.at, look.at
    row.fixable_since = row.fixable_since or (look.at if row.fixed else None)


def _is_said(*, leads: bool, known: bool, had: bool, others: Collection[str]) -> bool:
    """Whether a source's word counts: that it says nothing does not take back what another has said."""
    return (known or not others) if leads else (known and not had)


def _ended(unseen: Sequence[Vulnerability], look: InventoryLook) -> Sequence[Vulnerability]:
    for row in unseen:
        row.sources = [source for source in row.sources if source != look.source]
        row.ended_at = None if row.sources else look.at
    Vulnerability.objects.bulk_update(unseen, ("sources", "ended_at"), _BATCH)
    return [row for row in unseen if row.ended_at is not None]
