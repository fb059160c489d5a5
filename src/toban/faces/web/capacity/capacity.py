"""What is used of each resource, how groups scale, and what the document's table should say."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.chapters.capacity.amounts import amount, percent
from toban.chapters.capacity.known import KnownResource, known, ranked
from toban.chapters.capacity.operation import OPERATION
from toban.chapters.capacity.plan import CapacityPlan
from toban.chapters.capacity.scaling.ordering import allowed, order_scaling
from toban.engine.clock import system_clock
from toban.engine.modes.rules import word
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.people.models import Operator
from toban.faces.document.address import evidence_address
from toban.faces.document.live import LiveRow
from toban.faces.values.capacity import ShownGroup, shown_groups
from toban.faces.web.frame import Sight, frame, in_force, look
from toban.faces.words import verdicts as words
from toban.message import Message

_CONFLICT = 409
_LONGEST = 500
_FULL = 100
_SIZE = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class ListedResource:
    """A line of the ranked list."""

    known: KnownResource
    live: LiveRow
    address: str
    days_left: int | None

    @property
    def name(self) -> str:
        """In the document's words."""
        return self.known.resource.row.resource

    @property
    def used(self) -> str:
        """How much is used, with its unit; empty if that is not known."""
        return "" if self.known.used is None else amount(self.known.used, self.known.resource.unit)

    @property
    def limit(self) -> str:
        """The limit that is met first."""
        return amount(self.known.limit, self.known.resource.unit)

    @property
    def share(self) -> str:
        """In percent; empty if that is not known."""
        return "" if self.known.share is None else percent(self.known.share)

    @property
    def bar(self) -> float:
        """How long the bar is, of 100."""
        return round(min(self.known.share or 0.0, 1.0) * _FULL, 1)

    @property
    def level(self) -> float:
        """Where the share of the row is marked on it."""
        return round(min(self.known.level, 1.0) * _FULL, 1)

    @property
    def is_reached(self) -> bool:
        """Whether that share is reached."""
        return self.known.share is not None and self.known.share >= self.known.level


@dataclass(frozen=True, slots=True)
class ListedGroup:
    """A group as the page shows it."""

    shown: ShownGroup
    mode: Message
    may_scale: bool
    """Whether the reader may order its size here."""
    next_size: int


@require_http_methods(["GET", "HEAD", "POST"])
def capacity(request: HttpRequest) -> HttpResponse:
    """Show everything about capacity; POST orders the size of a group: `group`, `to`, `reason`, `sure`."""
    if request.method != "POST":
        return _page(request)
    if not may_order(request.user):
        raise PermissionDenied
    plan, form = in_force().plan(OPERATION), request.POST
    account = Operator.objects.get(username=request.user.get_username())
    try:
        group, to, reason = _wanted(plan, form)
        run = order_scaling(plan, group, to, reason, by=account.username, now=system_clock(), account=account)
    except NotPossible as exc:
        return _page(request, refused=exc)
    messages.success(request, _("%(group)s を %(to)s 台にする実行を始めます。") % {"group": group, "to": to})
    return redirect("run", run.pk)


def _wanted(plan: CapacityPlan, form: Mapping[str, str]) -> tuple[str, int, str]:
    """Return the group, its size and the reason; raise `NotPossible` if it is not sure, or not allowed."""
    written, reason = form.get("to", "").strip(), form.get("reason", "").strip()[:_LONGEST]
    to = int(written) if _SIZE.fullmatch(written) else 0
    group = allowed(plan, form.get("group", ""), to).name
    if form.get("sure", "").strip() != group:
        said = Message("capacity.type-the-name", name=group)
        raise NotPossible(said, Message("capacity.so-that-nothing-slips"))
    if not reason:
        raise NotPossible(Message("capacity.no-reason"), Message("capacity.write-a-reason"))
    return group, to, reason


def _page(request: HttpRequest, *, refused: NotPossible | None = None) -> HttpResponse:
    edition, now = in_force(), system_clock()
    plan, sight = edition.plan(OPERATION), look(edition, now)
    found, may = known(plan), may_order(request.user)
    resources = _listed(found, sight, now)
    chosen = request.GET.get("resource", "")
    context = {
        **frame(sight, "capacity"),
        "heading": Message("capacity.page"),
        "resources": resources,
        "chosen": next((each for each in resources if each.name == chosen), next(iter(resources), None)),
        "groups": [_group(each, may=may) for each in shown_groups(plan)],
        "may": may,
        "refused": words.refused(refused) if refused else None,
        "typed": request.POST,
    }
    return render(request, "capacity/capacity.html", context, status=_CONFLICT if refused else 200)


def _listed(found: Sequence[KnownResource], sight: Sight, now: datetime) -> list[ListedResource]:
    today = now.astimezone(sight.zone).date()
    return [
        ListedResource(
            each,
            sight.rows[each.resource.row.id],
            evidence_address(each.resource.row.id),
            each.days_left(today),
        )
        for each in ranked(found, today)
    ]


def _group(each: ShownGroup, *, may: bool) -> ListedGroup:
    group = each.group
    mode = word(each.state.mode) if group.is_ours else Message("capacity.by-provider")
    size = each.size.get("wanted") or 0
    return ListedGroup(each, mode, may and group.is_ours, size + group.step)
