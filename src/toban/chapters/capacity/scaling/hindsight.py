"""How often a changed rule would have scaled its groups, by `replayed`. See `HINDSIGHT`."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from django.conf import settings

from toban.chapters.capacity.operation import OPERATION
from toban.chapters.capacity.scaling.replays import LONGEST, GroupReplay, ReplaySite, replayed
from toban.design.clauses.base import Clause
from toban.design.clauses.capacity import ScalingRule
from toban.engine.editions.edition import Edition
from toban.engine.hindsight.question import Hindsight, HindsightQuestion, unknown
from toban.engine.orders import NotPossible
from toban.message import Message

_SCALED = "scaled"


def recall(question: HindsightQuestion) -> Iterator[Hindsight]:
    """Yield how often each group of the row would have been made larger, before and after the change."""
    change = question.change
    try:
        old = _replays(change.old, question.old, question)
        new = _replays(change.new, question.new, question)
    except NotPossible as exc:
        yield unknown(_SCALED, exc.said)
        return
    for name in dict.fromkeys((*old, *new)):
        before, after = (len(each[name].found.added) if name in each else 0 for each in (old, new))
        shown = new.get(name) or old[name]
        since = shown.begins.astimezone(question.new.bindings.system.zone).date()
        share = round(shown.found.known * 100)
        said = Message("hindsight.scaled", group=name, old=before, new=after, share=share, since=since)
        values = {"group": name, "old": before, "new": after, "known": round(shown.found.known, 4)}
        yield Hindsight(_SCALED, (said,), values)


def _replays(row: Clause | None, edition: Edition, question: HindsightQuestion) -> Mapping[str, GroupReplay]:
    """Return the replays of *row*'s groups by name; none if it binds none."""
    if row is None:
        return {}
    plan, site = edition.plan(OPERATION), question.site
    at = ReplaySite(site.telemetry, settings.HOME, site.ports)
    days = min(round(question.span / timedelta(days=1)), LONGEST)
    groups = (each for each in plan.groups if each.row.id == row.id)
    return {
        each.name: replayed(each, plan, days, at, question.now, lambda _done, _count: site.hurry())
        for each in groups
    }


HINDSIGHT = {ScalingRule: recall}
