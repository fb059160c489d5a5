"""What is around every page: the top bar, today, and the edition in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404
from django.utils.translation import get_language

from toban.engine.drift.found import differences
from toban.engine.editions import present
from toban.engine.editions.edition import Edition
from toban.engine.evidence import current, ledger
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.timekeeping.models import WrongClock
from toban.faces.document import overview
from toban.faces.document.live import LiveRow, live_rows
from toban.faces.document.outline import Outline, outline
from toban.faces.web.document.skeleton import Skeleton, skeleton
from toban.faces.web.document.today import start_of_day, today
from toban.faces.words.verdicts import WORDS

_KEPT = 6
_RECENT = 500
_LATE = timedelta(hours=12)
_MOST = 300
"""Runs on the strip: with more, nobody could tell one from the next."""

_skeletons: dict[tuple[str, str, str], tuple[Outline, Skeleton]] = {}


@dataclass(frozen=True, slots=True)
class Sight:
    """The edition in force and the status of its rows at one moment."""

    edition: Edition
    now: datetime
    outline: Outline
    skeleton: Skeleton
    statuses: Sequence[ClauseStatus]
    rows: Mapping[str, LiveRow]

    @property
    def due(self) -> Mapping[str, datetime]:
        """Clause id → its next due time, if it has one."""
        return {each.clause_id: each.next_due for each in self.statuses if each.next_due is not None}

    @property
    def zone(self) -> ZoneInfo:
        """The document's zone."""
        return self.edition.bindings.system.zone


def in_force() -> Edition:
    """Return the edition in force, or raise `Http404`."""
    edition = present.edition()
    if edition is None:
        raise Http404
    return edition


def look(edition: Edition, now: datetime) -> Sight:
    """Return *edition* with the status of its rows at *now*."""
    built, page = drawn(edition)
    statuses = [each for each in current.statuses(now) if each.clause_id in built.clauses]
    rows = live_rows(built.clauses, statuses, now, edition.bindings.system.zone)
    for clause, differs in differences(edition, now).items():
        rows[clause] = replace(rows[clause], differs=str(differs))
    return Sight(edition, now, built, page, statuses, rows)


def frame(sight: Sight, here: str) -> dict[str, object]:
    """Return the context that every page needs; *here* names the page in the navigation."""
    return {
        **figures(sight),
        "here": here,
        "edition": sight.edition,
        "digest": sight.edition.reading,
        "revision": max((status.revision for status in sight.statuses), default=0),
        "made_up_until": ledger.made_up_until(),
        "wrong_clocks": WrongClock.objects.order_by("host"),
        # With its mark, so that the list also explains the marks.
        "verdicts": [(each.value, f"{each.mark} {WORDS[each]}") for each in Verdict],
        "now": sight.now,
        "zone": sight.zone,
    }


def figures(sight: Sight) -> dict[str, object]:
    """Return what changes around the page as time passes."""
    now, zone, clauses = sight.now, sight.zone, sight.outline.clauses
    midnight = start_of_day(now, zone)
    recent = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.VERDICT).order_by("-sequence")[:_RECENT]
    changes = list(takewhile(lambda entry: entry.at >= midnight, recent))
    return {
        "contents": list(overview.contents(sight.outline, sight.rows)),
        "overview": overview.Overview(
            sight.edition,
            sight.outline,
            overview.seen_of(sight.statuses, now),
            sight.rows,
            settings.PARTS.operations,
        ),
        "refusal": present.refusal(),
        "today": today(clauses, sight.due, changes, _runs_of_day(midnight), now, zone),
        "hours": range(0, 24, 3),
    }


def _runs_of_day(midnight: datetime) -> list[Run]:
    """Return the newest runs that began since *midnight*, or were due since and did not begin."""
    known = PlannedWork.objects.values("key")
    # By work and due time, like the index; a run that began later than that is only on its own page.
    late = Run.objects.filter(work__in=known, due_at__gte=midnight - _LATE).order_by("-due_at")
    return [run for run in late[:_MOST] if (run.began_at or run.due_at) >= midnight]


def drawn(edition: Edition) -> tuple[Outline, Skeleton]:
    """Return the outline of *edition* and its HTML in the active language."""
    key = (edition.design.document, edition.reading, get_language() or "")
    if key not in _skeletons:
        while len(_skeletons) >= _KEPT:
            _skeletons.pop(next(iter(_skeletons)), None)
        built = outline(edition.design)
        _skeletons[key] = (built, skeleton(built, settings.PARTS.row_kinds))
    return _skeletons[key]
