"""Chapter 5: releases against other work that changes production."""

import re
from collections.abc import Iterator
from datetime import date

from toban.design.clauses.release import ReleaseSchedule
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import SecurityRoutine
from toban.design.finding import FindingLevel
from toban.design.lint.rule import YEAR_AHEAD, Inspection, Remark, rule
from toban.design.lint.wording import cite, dates
from toban.message import Message

_CHANGES_PRODUCTION = re.compile(
    r"(?i)パッチ|適用|アップデート|アップグレード|バージョンアップ|patch|update|upgrade"
)


@rule("RL001", FindingLevel.WARNING)
def release_and_patching_on_one_day(on: Inspection) -> Iterator[Remark]:
    """Two changes of production on one day: if something breaks, nobody knows which one caused it."""
    routines: tuple[Routine | SecurityRoutine, ...] = (*on.of(Routine), *on.of(SecurityRoutine))
    changes = [work for work in routines if _CHANGES_PRODUCTION.search(work.name)]
    for release in on.of(ReleaseSchedule):
        days = _ahead(on, release)
        for work in changes:
            both = [day for day in days if on.is_due_on(work.schedule, day)]
            if both:
                yield Remark.on(
                    release,
                    Message(
                        "design.release-on-day-of-patching",
                        release=release.name,
                        work=work.name,
                        lines=cite(work),
                        count=len(both),
                        days=dates(both),
                    ),
                    Message("design.release-on-day-of-patching-hint"),
                )


def _ahead(on: Inspection, release: ReleaseSchedule) -> tuple[date, ...]:
    days = on.due_days(release.schedule)
    # Daily releases can't avoid other work; the rule is for planned release days.
    return days if len(days) < YEAR_AHEAD // 5 else ()
