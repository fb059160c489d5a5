"""What the version that waits would have done in the past, row by row."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.engine.clock import system_clock
from toban.engine.editions import present
from toban.engine.editions.edition import Edition
from toban.engine.hindsight.asking import PlanHindsight, plan_hindsight
from toban.engine.hindsight.question import LONGEST
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.store import StoreUnavailable
from toban.faces.web.parts import is_fragment
from toban.message import Message, message_of

_DAYS = 30
_SECONDS = 10.0
"""A page's reader does not wait longer; the command looks further."""
_FRESH = timedelta(minutes=10)
_NUMBER = re.compile(r"[0-9]{1,3}")


@dataclass(slots=True)
class _Last:
    """The last answer of this process: a banner asks for it on every page."""

    found: PlanHindsight | None = None


_last = _Last()
_looking = Lock()
"""One look at a time: whoever asks again and again keeps no more of the server busy."""


@require_safe
def past(request: HttpRequest) -> HttpResponse:
    """Show what the waiting version would have done over the last `days`; a page's script gets the part."""
    edition, refusal = present.edition(), present.refusal()
    awaits = refusal.awaits if refusal is not None else None
    if edition is None or awaits is None:
        raise Http404
    asked = request.GET.get("days", "")
    days = min(max(int(asked), 1), LONGEST) if _NUMBER.fullmatch(asked) else _DAYS
    context: dict[str, object] = {"title": Message("hindsight.title", count=days)}
    try:
        context |= _looked_back_once(edition, awaits, days, system_clock())
    except StoreUnavailable as away:
        context["unknown"] = Message("hindsight.store-away", why=message_of(away))
    page = "document/past/_past.html" if is_fragment(request) else "document/past/past.html"
    return render(request, page, context)


def _looked_back_once(edition: Edition, awaits: Edition, days: int, now: datetime) -> Mapping[str, object]:
    if not _looking.acquire(blocking=False):
        return {"unknown": Message("hindsight.others-look")}
    try:
        return {"rows": _looked_back(edition, awaits, days, now).rows}
    finally:
        _looking.release()


def _looked_back(edition: Edition, awaits: Edition, days: int, now: datetime) -> PlanHindsight:
    last = _last.found
    if (
        last is not None
        and (last.old.digests, last.new.digests, last.days) == (edition.digests, awaits.digests, days)
        and timedelta() <= now - last.now < _FRESH
        and not last.is_failed
    ):
        return last
    ports = settings.PARTS.ports
    _last.found = plan_hindsight(
        edition, awaits, days, now, telemetry=telemetry(), ports=ports, seconds=_SECONDS
    )
    return _last.found
