"""Compares the document's procedures with what Toban does, and shows their rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from toban.chapters.backup import report as policies
from toban.chapters.backup.drills import routine
from toban.chapters.backup.drills.routine import DrillPlan
from toban.chapters.backup.engine import BackupWay, Method
from toban.chapters.backup.models import Backup, Drill
from toban.chapters.backup.practice import report
from toban.chapters.backup.practice.comparison import TobanPractice, compared
from toban.chapters.backup.practice.plan import PlannedProcedure, ProcedurePlan
from toban.chapters.backup.practice.report import ProcedureReport
from toban.chapters.backup.report import PolicyReport, RowVerdict
from toban.chapters.backup.taking.source import BackupSource
from toban.design.clauses.backup import BackupProcedure
from toban.design.values.backup_method import BackupMethod, read_backup_method
from toban.engine.calendar.due import next_due
from toban.engine.evidence import status
from toban.engine.evidence.verdict import Verdict
from toban.engine.stores.store import folder_of
from toban.message import Message


@dataclass(slots=True)
class Procedures:
    """Shows the rows of procedures; one thread drives it."""

    _facts: dict[str, tuple[str, Mapping[str, object]]] = field(default_factory=dict)
    """Subject → the label and the facts of its newest backup, which are large."""

    def tell(
        self,
        plan: ProcedurePlan,
        reports: Sequence[PolicyReport],
        drills: DrillPlan,
        now: datetime,
        digest: str,
    ) -> None:
        """Show every row of *plan*; *reports* are those of the policy's rows."""
        updates = [
            report.status(
                each.row.id,
                [self._report(each, source, reports, drills, now) for source in each.sources],
                now,
            )
            for each in plan.procedures
        ]
        status.show(updates, now, digest)

    def _report(
        self,
        planned: PlannedProcedure,
        source: BackupSource,
        reports: Sequence[PolicyReport],
        drills: DrillPlan,
        now: datetime,
    ) -> ProcedureReport:
        steps = compared(planned.steps, self._practice(source))
        if isinstance(planned.row, BackupProcedure):
            row = _full(source.subject, reports)
            newest = row.copies.newest
            label, found = newest.label if newest is not None else "", policies.judged(row, now)
            if found.verdict is Verdict.CONFORMING:
                found = RowVerdict(found.verdict, Message("backup.procedure-made-backup", label=label))
            return ProcedureReport(
                subject=source.subject,
                steps=steps,
                shown=found,
                proof={"label": label},
                next_due=row.next_due,
            )
        ordered = drills.routines.get(source.subject)
        shown, proof = _drilled(source, drills, now)
        return ProcedureReport(
            subject=source.subject,
            steps=steps,
            shown=shown,
            proof=proof,
            next_due=next_due(ordered, drills.system, now) if ordered is not None else None,
        )

    def _practice(self, source: BackupSource) -> TobanPractice:
        keep = source.keep.get(Method.FULL)
        return TobanPractice(
            way=self._way(source),
            place=_place(source),
            is_read_back=source.config.verify == "read",
            is_pruned=keep is not None and not keep.keeps_all,
        )

    def _way(self, source: BackupSource) -> BackupWay:
        if source.kind.way is None:
            raise AssertionError("the plan leaves out engines that do not say how they work")
        return source.kind.way(source.config, self._newest_facts(source))

    def _newest_facts(self, source: BackupSource) -> Mapping[str, object]:
        made = Backup.objects.filter(
            subject=source.subject, engine=source.kind_name, method=Method.FULL.value
        )
        label = made.filter(pruned_at=None).order_by("-ended_at").values_list("label", flat=True).first()
        if label is None:
            return {}
        known = self._facts.get(source.subject)
        if known is None or known[0] != label:
            known = label, made.get(label=label).facts
            self._facts[source.subject] = known
        return known[1]


def _full(subject: str, reports: Sequence[PolicyReport]) -> PolicyReport:
    """Return the report of the row about full copies: the procedure's commands make one."""
    rows = [each for each in reports if each.policy.subject == subject]
    full = [each for each in rows if read_backup_method(each.policy.method) is BackupMethod.FULL]
    return (full or rows)[0]


def _place(source: BackupSource) -> str:
    if source.store_kind is None:
        return ""
    store = source.store_kind.build(source.store_config)
    try:
        return f"{store.name}/{folder_of(source.subject)}"
    finally:
        store.close()


def _drilled(
    source: BackupSource, drills: DrillPlan, now: datetime
) -> tuple[RowVerdict, Mapping[str, object]]:
    """Return what the newest drill of *source* shows, and the proof of it."""
    held = Drill.objects.filter(subject=source.subject).exclude(evidence_sequence=None)
    drill = held.order_by("-started_at").first()
    if drill is not None:
        proof = {"drill": drill.pk, "evidence": drill.evidence_sequence}
        return _by_drill(drill, drills.system.zone), proof
    if source.config.drill is None:
        return RowVerdict(Verdict.UNBOUND, Message("backup.drill-not-bound", file=drills.file)), {}
    not_held = routine.not_held(source.subject, drills, now)
    if not_held is not None:
        return RowVerdict(Verdict.NOT_PERFORMED, not_held), {}
    return RowVerdict(Verdict.NOT_DUE, Message("backup.no-drill-yet", subject=source.subject)), {}


def _by_drill(drill: Drill, zone: ZoneInfo) -> RowVerdict:
    """Return what *drill* shows about the procedure for restores."""
    on = drill.started_at.astimezone(zone).date()
    if drill.is_passed is None:
        return RowVerdict(
            Verdict.NOT_MEASURABLE, Message("backup.procedure-undecided", on=on, reason=drill.reason)
        )
    if not drill.is_passed:
        return RowVerdict(
            Verdict.DEVIATING, Message("backup.procedure-failed-drill", on=on, reason=drill.reason)
        )
    return RowVerdict(Verdict.CONFORMING, Message("backup.procedure-passed-drill", on=on, label=drill.label))
