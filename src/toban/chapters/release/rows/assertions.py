"""Whether the way back needs no hand, as a decision says: judged by the last rollback or drill."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from toban.chapters.release.deployments import ReleaseChapterPlan
from toban.chapters.release.models import Release
from toban.chapters.release.operation import OPERATION
from toban.chapters.release.rows.judging import DrillDate, Outcome, stopwatch
from toban.chapters.release.rows.report import back_of, drill_date, ways_back
from toban.design.clauses.decisions import Decision, DecisionSubject
from toban.engine.bindings.model import System
from toban.engine.editions.edition import Edition
from toban.engine.evidence.assertions import CounterExample, Judge, Judgement
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.extension import Link
from toban.engine.runs.models import Run
from toban.message import Message, listing


@dataclass(frozen=True, slots=True)
class WayBack:
    """The last rollback or drill, and what people had to do to it after it was decided."""

    outcome: Outcome
    repeated_by: tuple[str, ...] = ()
    """Who had its run repeated after it had failed."""
    again_after: int | None = None
    """The rollback that failed before it, and that somebody ordered once more."""


def judge(decision: Decision, edition: Edition, now: datetime) -> Judgement:
    """Judge a decision about automatic rollbacks. See `Judge`."""
    del decision
    plan = edition.plan(OPERATION)
    if not plan.deployments:
        return Judgement(verdict=Verdict.UNBOUND, reason=_not_bound(plan, edition))
    newest = ways_back(plan).select_related("artifact", "drill", "undoes").order_by("-ordered_at").first()
    way = _way(newest) if newest is not None else None
    return judged(way, drill_date(plan, now), plan.system)


def _not_bound(plan: ReleaseChapterPlan, edition: Edition) -> Message:
    said = next((each for each in plan.unbound.values() if each), None)
    return said or Message("release.none-is-bound", file=edition.bindings.file)


def _way(release: Release) -> WayBack:
    clauses = Run.objects.filter(pk=release.run or 0).values("clause_id")
    orders = LedgerEntry.objects.filter(
        kind=LedgerEntry.Kind.AUDIT, clause_id__in=clauses, content__order="again", content__run=release.run
    )
    former = release.undoes
    is_second = former is not None and former.kind == Release.Kind.ROLLBACK and release.ordered_by != "watch"
    return WayBack(
        back_of(release),
        tuple(orders.order_by("sequence").values_list("actor", flat=True)),
        former.pk if is_second and former is not None else None,
    )


def judged(way: WayBack | None, drill: DrillDate, system: System) -> Judgement:
    """Judge by the last way back: it ran to its end, and nobody had to do anything in between. Pure."""
    if way is None:
        code = "release-rows.no-rollback-yet" if drill.next_due else "release-rows.no-drill-planned"
        return Judgement(verdict=Verdict.NOT_DUE, reason=Message(code), next_due=drill.next_due)
    newest, link = way.outcome, _link(way.outcome.number)
    against = []
    if newest.state in ("failed", "aborted"):
        said = Message("release-rows.rollback-failed", number=newest.number, why=newest.note)
        against.append(CounterExample(said, link))
    if way.repeated_by:
        said = Message("release-rows.rollback-repeated", number=newest.number, people=way.repeated_by)
        against.append(CounterExample(said, link))
    if way.again_after is not None:
        said = Message("release-rows.rollback-ordered-again", number=newest.number, former=way.again_after)
        against.append(CounterExample(said, _link(way.again_after)))
    hands = {"repeated_by": list(way.repeated_by), "again_after": way.again_after}
    return Judgement(
        verdict=Verdict.DEVIATING if against else Verdict.CONFORMING,
        reason=listing([each.text for each in against])
        if against
        else Message("release-rows.rollback-by-itself", number=newest.number),
        value=stopwatch(newest, system),
        against=against,
        proof={**newest.proof, **hands},
        next_due=drill.next_due,
        # That it failed, the row of the procedure reports.
        is_told=len(against) == 1 and newest.state in ("failed", "aborted"),
    )


def _link(number: int) -> Link:
    return Link("release", Message("release-rows.release", number=number), (number,))


ASSERTIONS: Mapping[DecisionSubject, Judge] = {DecisionSubject.ROLLBACK: judge}
