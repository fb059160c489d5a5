"""Keeping a report: the first edition of a month that is over, and corrected ones with their differences."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from toban.engine.approvals.answers import Giver, from_shell
from toban.engine.bindings.model import Bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.people.models import Operator
from toban.engine.registry.parts import Parts
from toban.engine.reports.edition import (
    FigureDifference,
    Remark,
    ReportEdition,
    Signature,
    SigningStep,
)
from toban.engine.reports.kept import writing
from toban.engine.reports.kept.comparing import differences
from toban.engine.reports.kept.logo import logo_of
from toban.engine.reports.models import KeptReport
from toban.engine.reports.month import ReportMonth
from toban.engine.reports.monthly import MonthlyReport, make
from toban.engine.runs.rules import BY_SCHEDULE
from toban.message import Message, from_json


def keep(month: ReportMonth, by: Giver | None, edition: Edition, parts: Parts, now: datetime) -> KeptReport:
    """Make the report on *month* and keep it; *by*: None if the schedule orders it.

    Raises `NotPossible` while the month is not over, and if the newest edition has all the same figures.
    """
    if month.is_running:
        raise NotPossible(Message("reports.not-over", month=month.name), Message("reports.keep-later"))
    who = ordering(by) if by is not None else BY_SCHEDULE
    before = newest(month)
    # Outside of the transaction: it takes seconds, and others would wait.
    made = make(edition, parts, month)
    found = tuple(differences(report_of(before, edition.bindings), made)) if before is not None else ()
    if before is not None and not found:
        raise NotPossible(Message("reports.no-difference", number=before.edition))
    said = writing.written(made)
    with transaction.atomic():
        now = ledger.turn(now)
        if newest(month) != before:
            raise NotPossible(Message("reports.kept-meanwhile"), Message("reports.look-again"))
        number = before.edition + 1 if before is not None else 1
        content = {
            "order": "keep-monthly-report",
            "month": month.name,
            "edition": number,
            "digest": writing.digest_of(said),
            "differences": len(found),
            **from_shell(by.shell_user if by is not None else ""),
        }
        record = ledger.Record(
            LedgerEntry.Kind.AUDIT, content, actor=who[:150], document_digest=edition.design.digest
        )
        (entry,) = ledger.append(record, now=now)
        return KeptReport.objects.create(
            month=month.first,
            edition=number,
            made_at=now,
            made_by=who[:150],
            digest=writing.digest_of(said),
            evidence=entry.sequence,
            content=writing.packed(said),
            differences=[each.as_json() for each in found],
        )


def ordering(by: Giver) -> str:
    """Return the name of whoever orders, read again; raise `NotPossible` for one who may give no orders."""
    found = Operator.objects.filter(pk=by.account.pk, is_active=True).first() if by.account else None
    if found is None or not may_order(found):
        raise NotPossible(Message("reports.may-not-order"))
    return found.username


def is_kept(month: ReportMonth) -> bool:
    """Return whether there is an edition of *month*."""
    return KeptReport.objects.filter(month=month.first).exists()


def newest(month: ReportMonth) -> KeptReport | None:
    """Return the newest edition of *month*."""
    return KeptReport.objects.filter(month=month.first).order_by("-edition").first()


def numbered(month: ReportMonth, number: int) -> KeptReport:
    """Return an edition of *month*; raise `NotPossible` if there is none of that *number*."""
    found = KeptReport.objects.filter(month=month.first, edition=number).first()
    if found is None:
        raise NotPossible(Message("reports.no-such-edition", month=month.name, number=number))
    return found


def report_of(kept: KeptReport, bindings: Bindings) -> MonthlyReport:
    """Return the report as it was kept; raise `NotPossible` if somebody has changed it since.

    Its remarks and signatures are those of now.
    """
    said = writing.unpacked(bytes(kept.content))
    entry = LedgerEntry.objects.filter(sequence=kept.evidence).first()
    recorded = entry.content.get("digest") if entry is not None else None
    if not writing.digest_of(said) == kept.digest == recorded:
        raise NotPossible(
            Message("reports.was-changed", month=kept.name, number=kept.edition, entry=kept.evidence)
        )
    return replace(
        writing.read(said),
        edition=edition_of(kept),
        signatures=_signatures(kept),
        remarks=_remarks(kept),
        logo=logo_of(bindings),
    )


def edition_of(kept: KeptReport) -> ReportEdition:
    """Return what is known of *kept* without reading all of it."""
    found = tuple(
        FigureDifference(
            each["key"], from_json(each["label"]), from_json(each["before"]), from_json(each["after"])
        )
        for each in kept.differences
    )
    return ReportEdition(kept.edition, kept.made_at, kept.made_by, kept.digest, kept.evidence, found)


def _signatures(kept: KeptReport) -> tuple[Signature, ...]:
    found = {each.step: each for each in kept.signatures.filter(ended_at=None)}
    return tuple(
        Signature(step, found[step.value].by, found[step.value].at)
        for step in SigningStep
        if step.value in found
    )


def _remarks(kept: KeptReport) -> tuple[Remark, ...]:
    found = kept.remarks.filter(withdrawn_at=None).order_by("at", "pk")
    return tuple(Remark(each.pk, each.part, each.text, each.by, each.at) for each in found)
