"""Remarks in a kept report: signed by whoever writes them, until the report itself is signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from toban.catalogue import DOCUMENTS_LANGUAGE
from toban.engine.approvals.answers import Giver, from_shell
from toban.engine.approvals.rules import digest_of
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.reports.edition import SigningStep
from toban.engine.reports.kept.keeping import ordering
from toban.engine.reports.kept.writing import read, unpacked
from toban.engine.reports.models import KeptReport, ReportRemark
from toban.engine.runs.models import Run
from toban.engine.tasks.models import ExtraTask
from toban.message import Message
from toban.text import storable_text

LONGEST = 2000
MOST = 100
"""Remarks in one edition."""
_SHOWN = 12
"""Signs of a digest."""


@dataclass(frozen=True, slots=True)
class WantedRemark:
    """What somebody wants to say about a part."""

    part: str
    text: str


def remark(report: int, wanted: WantedRemark, by: Giver, now: datetime) -> ReportRemark:
    """Write a remark into the kept report number *report*."""
    text = storable_text(wanted.text.strip())
    with transaction.atomic():
        now = ledger.turn(now)
        who, kept = ordering(by), _open(report)
        shown = remarks_fact(kept)
        if not text or len(text) > LONGEST or wanted.part not in _parts(kept):
            raise NotPossible(Message("reports.write-a-remark", count=LONGEST))
        if kept.remarks.filter(withdrawn_at=None).count() >= MOST:
            raise NotPossible(Message("reports.too-many-remarks", count=MOST))
        made = ReportRemark.objects.create(
            report=kept, part=wanted.part, text=text, account=by.account, by=who, at=now
        )
        content = {"order": "remark-on-monthly-report", "part": made.part, "said": made.text}
        _record(content, made, by, now)
        _show_anew(kept, shown)
    return made


def withdraw(number: int, by: Giver, now: datetime) -> ReportRemark:
    """Take a remark out: whoever wrote it may."""
    with transaction.atomic():
        now = ledger.turn(now)
        ordering(by)
        found = ReportRemark.objects.filter(pk=number, withdrawn_at=None).select_related("report").first()
        if found is None or by.account is None or found.account_id != by.account.pk:
            raise NotPossible(Message("reports.not-your-remark"))
        kept = _open(found.report_id)
        shown = remarks_fact(kept)
        found.withdrawn_at = now
        found.save(update_fields=["withdrawn_at"])
        _record({"order": "withdraw-report-remark"}, found, by, now)
        _show_anew(kept, shown)
    return found


def is_open(kept: KeptReport) -> bool:
    """Return whether remarks may still change: nobody has signed it, nor the task to make it."""
    if kept.signatures.filter(step=SigningStep.MADE, ended_at=None).exists():
        return False
    last = Run.objects.filter(work=work_of(kept)).order_by("-pk").first()
    return (
        last is None
        or last.state != Run.State.DONE
        or kept.signatures.filter(step=SigningStep.MADE, at__gte=last.due_at).exists()
    )


def work_of(kept: KeptReport) -> str:
    """Return the key of the task to make it."""
    return f"monthly-report/{kept.pk}"


def remarks_digest(kept: KeptReport) -> str:
    """Return the digest of the remarks: what is signed are they, too."""
    found = kept.remarks.filter(withdrawn_at=None).order_by("pk")
    return digest_of({"remarks": [[each.part, each.text, each.by, each.at.isoformat()] for each in found]})


def remarks_fact(kept: KeptReport) -> str:
    """Return what whoever makes the report is shown of its remarks, and binds to; empty if there are none."""
    count = kept.remarks.filter(withdrawn_at=None).count()
    said = Message("reports.task-remarks", count=count, digest=remarks_digest(kept)[:_SHOWN])
    return said.in_language(DOCUMENTS_LANGUAGE) if count else ""


def _show_anew(kept: KeptReport, before: str) -> None:
    """Have the open task show the remarks as they are now, instead of *before*."""
    for task in ExtraTask.objects.filter(run__work=work_of(kept), run__state=Run.State.WAITING):
        others = (each for each in task.facts if each != before)
        task.facts = list(filter(None, (*others, remarks_fact(kept))))
        task.save(update_fields=["facts"])


def _parts(kept: KeptReport) -> set[str]:
    """Return the parts that the report has: in another nobody would read it."""
    return {each.part.value for each in read(unpacked(bytes(kept.content))).sections}


def _open(report: int) -> KeptReport:
    kept = KeptReport.objects.select_for_update().filter(pk=report).first()
    if kept is None:
        raise NotPossible(Message("reports.not-kept"))
    if not is_open(kept):
        raise NotPossible(Message("reports.signed-already"), Message("reports.return-it"))
    return kept


def _record(content: Mapping[str, object], made: ReportRemark, by: Giver, now: datetime) -> None:
    said = {
        **content,
        "month": made.report.name,
        "edition": made.report.edition,
        "remark": made.pk,
        "via": by.via,
        **from_shell(by.shell_user),
    }
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, said, actor=by.name[:150]), now=now)
