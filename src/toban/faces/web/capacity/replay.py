"""A group's rule replayed on what was measured."""

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.chapters.capacity.amounts import percent
from toban.chapters.capacity.operation import OPERATION
from toban.chapters.capacity.scaling.replays import LONGEST, ReplaySite, replays
from toban.chapters.capacity.scaling.rules import MINUTE
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.faces.values.capacity import replay_words
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.parts import is_fragment
from toban.faces.words import verdicts as words
from toban.message import Message

_DAYS = 90
_NUMBER = re.compile(r"[0-9]{1,5}")
_SHOWN = 50
_CONFLICT, _AWAY = 409, 503


@require_safe
def replay(request: HttpRequest) -> HttpResponse:
    """Show what the rules about `group` would have done over the last `days`.

    The page's script gets the part alone.
    """
    edition, now = in_force(), system_clock()
    plan, group = edition.plan(OPERATION), request.GET.get("group", "")
    asked = request.GET.get("days", "")
    days = min(max(int(asked), 1), LONGEST) if _NUMBER.fullmatch(asked) else _DAYS
    context: dict[str, object] = {"group": group, "days": days, "now": now, "zone": plan.system.zone}
    status = 200
    try:
        site = ReplaySite(telemetry(), settings.HOME, settings.PARTS.ports)
        context["found"] = [
            {
                "replay": each,
                "said": replay_words(each),
                "known": percent(each.found.known),
                "added": each.found.added[:_SHOWN],
                "more": len(each.found.added[_SHOWN:]),
                "limited": words.length(each.found.limited * MINUTE) if each.found.limited else None,
            }
            for each in replays(plan, group, days, site, now)
        ]
        context["caveat"] = Message("capacity.replay-relieves-nobody")
    except NotPossible as exc:
        context["refused"], status = words.refused(exc), _CONFLICT
    except (StoreUnavailable, StoreRefused):
        refusal = NotPossible(Message("capacity.no-store"), Message("logs.check-store-and-home"))
        context["refused"], status = words.refused(refusal), _AWAY
    if is_fragment(request):
        # The script puts only answers without an error into the page.
        return render(request, "capacity/_replay.html", context)
    around = frame(look(edition, now), "capacity")
    return render(request, "capacity/replay.html", {**around, **context}, status=status)
