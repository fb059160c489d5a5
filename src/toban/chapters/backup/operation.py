"""The operation of chapter 4: takes, keeps and rehearses backups, and tests them before the night."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from toban.chapters.backup import works
from toban.chapters.backup.drills import routine
from toban.chapters.backup.drills.postgres import drill_doubts
from toban.chapters.backup.drills.routine import DrillPlan
from toban.chapters.backup.drills.sign_off import confirmed
from toban.chapters.backup.engine import BACKUPS, BackupFailed
from toban.chapters.backup.following.followers import Followers
from toban.chapters.backup.practice import plan as practice
from toban.chapters.backup.practice.plan import ProcedurePlan
from toban.chapters.backup.practice.service import Procedures
from toban.chapters.backup.service import Backups
from toban.chapters.backup.works import BackupPlan, source_of
from toban.engine.editions.edition import Edition
from toban.engine.evidence import status
from toban.engine.operation import EditionLoop, Operation, RowAnswer, WorkerShift, Workplace
from toban.engine.overview import EditionStatus, ToDo
from toban.engine.runs.work import Work
from toban.engine.stores.store import StoreTrouble
from toban.engine.tasks import chores
from toban.engine.tasks.standing import statuses
from toban.engine.tasks.telling import tell as tell_of_tasks
from toban.engine.trial import Doubt, Trial, TrialCode, place_of, quote_of
from toban.message import Message, message_of


@dataclass(frozen=True, slots=True)
class BackupChapterPlan:
    """The backups, the drills of what they store, and the document's procedures for both."""

    backups: BackupPlan
    drills: DrillPlan
    procedures: ProcedurePlan

    @property
    def rows(self) -> Mapping[str, RowAnswer]:
        """See `Plan`."""
        return {**self.backups.rows, **self.drills.rows, **self.procedures.rows}


def _plan(edition: Edition) -> BackupChapterPlan:
    design, bindings = edition.design, edition.bindings
    backups = works.plan(design, bindings, edition.kinds)
    return BackupChapterPlan(
        backups,
        routine.plan(design, bindings, backups.sources),
        practice.plan(design, backups.sources, bindings.file),
    )


def _shift(at: Workplace) -> WorkerShift:
    backups, followers, procedures = Backups(at.clock, at.samples.add), Followers(at.clock), Procedures()

    def adopt(edition: Edition) -> None:
        backups.adopt(edition.plan(OPERATION).backups, edition.bindings.system, edition.design.digest)

    def tell(edition: Edition, now: datetime) -> None:
        adopt(edition)
        reports, plan, digest = backups.tell(), edition.plan(OPERATION), edition.design.digest
        tasks = plan.drills.sign_offs
        status.show(list(confirmed(routine.standing(plan.drills, now), tasks, edition, now)), now, digest)
        tell_of_tasks(statuses(tasks.works.values(), edition, now), tasks.works.values(), edition, now)
        procedures.tell(plan.procedures, reports, plan.drills, now, digest)

    def look(edition: Edition, _now: datetime) -> None:
        adopt(edition)
        backups.look()

    def follow(edition: Edition, _now: datetime) -> None:
        followers.adopt(edition.plan(OPERATION).backups, edition.design.digest)

    loops = (
        EditionLoop("backup-status", tell, every=5.0),
        EditionLoop("backup-look", look, every=60.0),
        EditionLoop("backup-follow", follow, every=1.0),
    )
    return WorkerShift(loops, followers.close)


def _trials(edition: Edition, _now: datetime) -> Iterator[Trial]:
    bindings = edition.bindings
    for subject, bound in BACKUPS.of(bindings).items():
        yield Trial(
            TrialCode.BACKUP,
            Message("backup.trial", subject=subject),
            place_of(bindings, "backups", subject),
            quote_of("backups", subject, bound),
            partial(_doubts, subject, edition),
            Message("backup.check-bindings-and-server"),
        )


def _doubts(subject: str, edition: Edition) -> Iterator[Doubt]:
    source = source_of(subject, edition.design, edition.bindings, edition.kinds)
    if isinstance(source, Message):
        yield source
        return
    try:
        with source.opened() as at_work:
            yield from at_work.engine.doubts()
    except BackupFailed as error:
        yield error.doubt
    except StoreTrouble as error:
        yield message_of(error)
    if source.config.drill is not None:
        yield from drill_doubts(source.config.drill)


def _works(plan: BackupChapterPlan) -> Mapping[str, Work]:
    tasks = {work.key: work for work in plan.drills.sign_offs.works.values()}
    return {**plan.backups.works, **plan.drills.works, **tasks}


def _to_do(edition: Edition, seen: EditionStatus) -> Iterator[ToDo]:
    tasks = {work.key: work for work in edition.plan(OPERATION).drills.sign_offs.works.values()}
    asked = list(chores.to_do(tasks, edition, seen))
    yield from asked
    # What is wrong with a row because nobody has signed is asked for once.
    unsigned = {each.clause_id for each in asked if each.verdict is not None}
    yield from (each for each in routine.to_do(edition.design, seen) if each.clause_id not in unsigned)


OPERATION = Operation(plan=_plan, works=_works, shift=_shift, trials=_trials, to_do=_to_do)
