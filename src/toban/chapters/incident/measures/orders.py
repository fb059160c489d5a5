"""What people order about measures: record, change, withdraw. One transaction each, audited."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from toban.chapters.incident.declaring.records import note_writer, numbers_of
from toban.chapters.incident.found import incident_numbered, locked
from toban.chapters.incident.models import PreventionMeasure
from toban.engine.approvals.answers import from_shell
from toban.engine.approvals.holders import person_named
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.exceptions.models import RowException
from toban.engine.notify.orders import audit
from toban.engine.orders import NotPossible
from toban.engine.runs.models import PlannedWork
from toban.message import Message
from toban.text import printable, printable_lines, storable_text

LONGEST_WORDS, LONGEST_REFERENCE, MOST = 1_000, 500, 50
_NOT_LOOKED = Message("incident-reports.not-looked-yet")
_LATEST = timedelta(days=730)
"""How far ahead a measure may be due: what is due later is a wish."""


@dataclass(frozen=True, slots=True)
class WantedMeasure:
    """A measure that somebody wants to record."""

    words: str
    kind: PreventionMeasure.Kind
    reference: str
    """See `PreventionMeasure.reference`."""
    owner: str
    """A name in `[people]`, or a role of the document."""
    due_on: date


def wanted_of(measure: PreventionMeasure) -> WantedMeasure:
    """Return *measure* as it is, for those who change a part of it."""
    kind = PreventionMeasure.Kind(measure.kind)
    return WantedMeasure(measure.words, kind, measure.reference, measure.owner, measure.due_on)


def record(
    incident: int,
    wanted: WantedMeasure,
    *,
    by: str,
    edition: Edition,
    now: datetime,
    shell_user: str = "",
    token_maker: str = "",
) -> PreventionMeasure:
    """Record a measure against the recurrence of *incident*; raise `NotPossible`.

    *shell_user* is the user of the operating system, for a command on the server; *token_maker*
    the same, for a token that a command on the server made. Whoever writes here
    approves no report of the incident.
    """
    clean = _checked(wanted, edition, now)
    with transaction.atomic():
        ledger.hold()
        found = incident_numbered(incident)
        if found.measures.filter(withdrawn_at=None).count() >= MOST:
            raise NotPossible(Message("incident-reports.too-many-measures", most=MOST))
        made = PreventionMeasure.objects.create(
            incident=found,
            words=clean.words,
            kind=clean.kind,
            reference=clean.reference,
            owner=clean.owner,
            due_on=clean.due_on,
            recorded_at=now,
            recorded_by=by[:150],
            recorders=list(numbers_of(by, shell_user or token_maker)),
            proof=_NOT_LOOKED,
        )
        content = {"order": "record-measure", **_named(made), **from_shell(shell_user)}
        audit(content, by, now, found.clause_id)
        note_writer(found, by, shell_user or token_maker)
    return made


def change(
    number: int,
    wanted: WantedMeasure,
    *,
    by: str,
    edition: Edition,
    now: datetime,
    shell_user: str = "",
    token_maker: str = "",
) -> PreventionMeasure:
    """Change a measure; what proves it is looked for again. Raises `NotPossible`."""
    clean = _checked(wanted, edition, now)
    with transaction.atomic():
        found = _locked(number)
        before = _named(found)
        is_other = (found.kind, found.reference) != (clean.kind, clean.reference)
        found.words, found.kind, found.reference = clean.words, clean.kind, clean.reference
        found.owner, found.due_on = clean.owner, clean.due_on
        if _named(found) == before:
            raise NotPossible(Message("incident-reports.nothing-amended"))
        if is_other:
            found.kept_at, found.proof = None, _NOT_LOOKED
            # Whoever names what is to prove it does not prove it by a word of their own.
            found.recorded_by = by[:150]
            found.recorders = list(numbers_of(by, shell_user or token_maker))
        found.save()
        content = {"order": "change-measure", **_named(found), "before": before, **from_shell(shell_user)}
        audit(content, by, now, found.incident.clause_id)
        note_writer(found.incident, by, shell_user or token_maker)
    return found


def withdraw(
    number: int, reason: str, *, by: str, now: datetime, shell_user: str = "", token_maker: str = ""
) -> PreventionMeasure:
    """Withdraw a measure: it stays, with the reason, and counts no more. Raises `NotPossible`."""
    why = printable_lines(storable_text(reason.strip()))
    if not why:
        raise NotPossible(Message("incident-reports.reason-missing"))
    if len(why) > LONGEST_WORDS:
        raise NotPossible(Message("incident-reports.text-too-long", longest=LONGEST_WORDS))
    with transaction.atomic():
        found = _locked(number)
        found.withdrawn_at, found.withdrawn_by, found.withdrawn_because = now, by[:150], why
        found.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_because"])
        content = {"order": "withdraw-measure", **_named(found), "reason": why, **from_shell(shell_user)}
        audit(content, by, now, found.incident.clause_id)
        note_writer(found.incident, by, shell_user or token_maker)
    return found


def _checked(wanted: WantedMeasure, edition: Edition, now: datetime) -> WantedMeasure:
    words = printable_lines(storable_text(wanted.words.strip()))
    reference = printable(storable_text(wanted.reference.strip()))
    owner = printable(storable_text(wanted.owner.strip()))
    if not words or not reference:
        raise NotPossible(
            Message("incident-reports.measure-incomplete"), Message("incident-reports.how-it-is-checked")
        )
    longest = max(len(words) - LONGEST_WORDS, len(reference) - LONGEST_REFERENCE)
    if longest > 0:
        raise NotPossible(Message("incident-reports.text-too-long", longest=LONGEST_WORDS))
    if person_named(edition, owner) is None:
        raise NotPossible(
            Message("incident-reports.no-such-owner", owner=owner),
            Message("incident-reports.owners-are-people", file=edition.bindings.file),
        )
    today = now.astimezone(edition.bindings.system.zone).date()
    if not today <= wanted.due_on <= today + _LATEST:
        raise NotPossible(Message("incident-reports.due-out-of-range", days=_LATEST.days))
    clean = WantedMeasure(words, wanted.kind, reference, owner[:150], wanted.due_on)
    _check_reference(clean)
    return clean


def _check_reference(wanted: WantedMeasure) -> None:
    """Raise `NotPossible` for a reference that nothing could ever prove; a row may be still to come."""
    match wanted.kind:
        case PreventionMeasure.Kind.BATCH:
            if not PlannedWork.objects.filter(key=wanted.reference).exists():
                raise NotPossible(Message("incident-reports.no-such-work", work=wanted.reference))
        case PreventionMeasure.Kind.EXCEPTION:
            number = wanted.reference
            if not number.isdecimal() or not RowException.objects.filter(pk=int(number)).exists():
                raise NotPossible(Message("incident-reports.no-such-exception", number=number))
        case PreventionMeasure.Kind.ROW:
            # As in `clause ids`: chapter/kind/key.
            if "/" not in wanted.reference:
                raise NotPossible(Message("incident-reports.no-such-row", row=wanted.reference))
        case _:
            pass


def _locked(number: int) -> PreventionMeasure:
    missing = Message("incident-reports.no-such-measure", number=number)
    return locked(PreventionMeasure.objects.filter(withdrawn_at=None), number, missing)


def _named(measure: PreventionMeasure) -> Mapping[str, object]:
    return {
        "incident": measure.incident_id,
        "measure": measure.pk,
        "words": measure.words,
        "kind": str(measure.kind),
        "reference": measure.reference,
        "owner": measure.owner,
        "due_on": measure.due_on.isoformat(),
    }
