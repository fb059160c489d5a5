"""What scans found: the vulnerabilities that are there, and what could not be looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.chapters.vulnerabilities.advisories.rating import Rating
from toban.chapters.vulnerabilities.models import (
    OWN,
    ImportedReport,
    InventoryReading,
    Vulnerability,
    VulnerabilityScan,
)
from toban.chapters.vulnerabilities.operation import OPERATION
from toban.chapters.vulnerabilities.plan import ScanPlan
from toban.chapters.vulnerabilities.report import last_scan
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.faces.values.vulnerabilities.vulnerabilities import due_at, must_be_bound, owner_of
from toban.faces.web.frame import frame, in_force, look
from toban.faces.words.verdicts import OrderRefusal, refused
from toban.message import Message

_PER_PAGE = 100
_MOST_CLOSED = 100
_KNOWN = ("CVE-", "GHSA-")
_OSV = "https://osv.dev/vulnerability/"
_JVN = "https://jvndb.jvn.jp/search/index.php?mode=_vulnerability_search_IA_VulnSearch&keyword="


@dataclass(frozen=True, slots=True)
class ListedVulnerability:
    """A line of the list."""

    found: Vulnerability
    owner: str
    due_at: datetime | None
    now: datetime

    @property
    def rating(self) -> Message:
        """Its rating in words."""
        return Message(f"vulnerabilities.rated-{self.found.rating}")

    @property
    def is_late(self) -> bool:
        """Whether it should have been mended."""
        return self.due_at is not None and self.now >= self.due_at

    @property
    def osv(self) -> str:
        """Where its advisory can be read; empty for what only a scanner of code has named."""
        if not self.found.ecosystem and not self.found.name.startswith(_KNOWN):
            return ""
        return _OSV + quote((self.found.advisories or [self.found.name])[0], safe="")

    @property
    def percent(self) -> str:
        """How likely it is exploited within thirty days; empty if nobody says."""
        return f"{self.found.likelihood:.1%}" if self.found.likelihood is not None else ""

    @property
    def others(self) -> str:
        """Who reports it, if not Toban alone."""
        return ", ".join(self.found.sources) if self.found.sources != [OWN] else ""

    @property
    def jvn(self) -> str:
        """Where it is described in Japanese; empty without a CVE number."""
        return _JVN + quote(self.found.name, safe="") if self.found.name.startswith("CVE-") else ""


@dataclass(frozen=True, slots=True)
class ListedInventory:
    """An inventory that is bound, and its newest look."""

    name: str
    owner: str
    reading: InventoryReading | None
    count: int
    """How many vulnerabilities are open there."""


@require_safe
def vulnerabilities(request: HttpRequest) -> HttpResponse:
    """Show the open vulnerabilities, worst first; `inventory`, `rating` and `fixable` narrow them.

    An inventory that is not bound is refused, since an empty list would say that nothing is open there.
    """
    edition, now = in_force(), system_clock()
    plan = edition.plan(OPERATION)
    names = [each.name for each in plan.inventories]
    found = Vulnerability.objects.open().filter(inventory__in=names)
    asked = {
        "inventory": request.GET.get("inventory", ""),
        "rating": request.GET.get("rating", ""),
        "fixable": request.GET.get("fixable", ""),
    }
    unknown = _unknown(asked["inventory"], edition) if asked["inventory"] else None
    shown = found.filter(inventory=asked["inventory"]) if asked["inventory"] else found
    shown = shown.filter(rating=asked["rating"]) if asked["rating"] in Rating else shown
    shown = shown.exclude(fixed="") if asked["fixable"] else shown
    closed = Vulnerability.objects.closed().filter(inventory__in=names).worst_first()
    page = Paginator(shown.worst_first(), _PER_PAGE).get_page(request.GET.get("page"))
    last = last_scan(plan, now)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        **frame(look(edition, now), "vulnerabilities"),
        "heading": Message("vulnerabilities.page"),
        "page": page,
        "query": query.urlencode(),
        "listed": [
            ListedVulnerability(each, owner_of(each.inventory, plan), due_at(each, plan), now)
            for each in page
        ],
        "closed": closed[:_MOST_CLOSED],
        "closed_count": closed.count(),
        "reports": ImportedReport.objects.filter(inventory__in=names).order_by("inventory", "source"),
        "inventories": _inventories(plan),
        "asked": asked,
        "ratings": [(each.value, Message(f"vulnerabilities.rated-{each.value}")) for each in Rating],
        "last": last,
        "data": _data(),
        "refused": unknown,
    }
    return render(request, "vulnerabilities/vulnerabilities.html", context, status=404 if unknown else 200)


def _unknown(inventory: str, edition: Edition) -> OrderRefusal | None:
    try:
        must_be_bound(inventory, edition)
    except NotPossible as wrong:
        return refused(wrong)
    return None


def _inventories(plan: ScanPlan) -> Sequence[ListedInventory]:
    readings = InventoryReading.objects.in_bulk([each.name for each in plan.inventories])
    open_now = dict(Vulnerability.objects.open().values_list("inventory").annotate(Count("pk")))
    return [
        ListedInventory(each.name, each.config.owner, readings.get(each.name), open_now.get(each.name, 0))
        for each in plan.inventories
    ]


def _data() -> Sequence[tuple[str, datetime]]:
    """Return the ecosystems of the newest scan, and how new their advisories were."""
    newest = VulnerabilityScan.objects.order_by("-at", "-run").first()
    written = newest.data if newest is not None else {}
    return [(name, datetime.fromisoformat(at)) for name, at in sorted(written.items())]
