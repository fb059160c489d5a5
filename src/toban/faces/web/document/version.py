"""The page of a version that waits for confirmation, and what a new version has changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.engine.clock import system_clock
from toban.engine.editions import present, records
from toban.engine.editions.change import EditionChange, change_of
from toban.engine.editions.edition import EditionRefusal
from toban.engine.editions.gate.approval import asked
from toban.engine.operation import rows_of
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.faces.words import verdicts as words
from toban.message import Message

_NEWS = timedelta(days=1)
"""How long the banner shows what a new version changed."""
_MOST = 5


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A version that came into force lately, and what it changed."""

    at: str
    plan: list[Message]


def changes(now: datetime, zone: ZoneInfo) -> Iterator[ShownChange]:
    """Yield the latest changes of the document, newest first."""
    for entry in records.changes_since(now - _NEWS)[:_MOST]:
        yield ShownChange(words.clock(entry.at, now, zone), records.plan_of(entry))


@require_http_methods(["GET", "HEAD", "POST"])
def version(request: HttpRequest) -> HttpResponse:
    """Show what the waiting version changes; a POST confirms it, and names the version that was shown."""
    refusal = present.refusal()
    if request.method == "POST":
        return _confirmed(request, refusal)
    edition, awaits = present.edition(), refusal.awaits if refusal is not None else None
    if refusal is None or awaits is None:
        raise Http404
    rows = partial(rows_of, operations=settings.PARTS.operations)
    change = change_of(edition, awaits, rows) if edition is not None else EditionChange()
    context = {
        "waiting": awaits,
        "refused": refusal,
        "change": change,
        "may": may_order(request.user),
        "need": refusal.approval,
        "asked": asked() if refusal.approval is not None else None,
    }
    return render(request, "document/version.html", context)


def _confirmed(request: HttpRequest, refusal: EditionRefusal | None) -> HttpResponse:
    if not may_order(request.user):
        raise PermissionDenied
    shown = request.POST.get("version", "")
    try:
        if refusal is None or refusal.awaits is None or refusal.digest != shown:
            raise records.nothing_waits()
        by = request.user.get_username()
        records.confirm(refusal.awaits.digests, by=by, now=system_clock())
    except NotPossible as wrong:
        messages.error(request, str(words.refused(wrong)))
    else:
        messages.success(request, _("新しい版を確認しました。数秒で切り替わります。"))
    return redirect("document")
