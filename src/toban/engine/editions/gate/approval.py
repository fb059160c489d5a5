"""The approval of a new version: what is asked, of whom, and what follows from the answer."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from toban.engine.approvals.answers import Giver
from toban.engine.approvals.identity import accounts_with_addresses
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.requests import ApprovalSubject, close, is_current, request_for
from toban.engine.approvals.rules import RequestState
from toban.engine.editions import records
from toban.engine.editions.edition import ApprovalNeed, Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.message import Message, from_json, plain

KIND = "edition"
_SHOWN = 12
"""The digits of a digest that people compare."""


def subject_name(entry: LedgerEntry) -> str:
    """Return the name under which the approval of a waiting edition is asked for.

    Each time that an edition begins to wait has its own: an old answer says nothing about a new wait.
    """
    return f"{KIND}/{entry.sequence}"


def subject_of(entry: LedgerEntry, need: ApprovalNeed, edition: Edition) -> ApprovalSubject:
    """Return what the edition of *entry* asks approval for; *edition* is the one in force."""
    document, bindings = records.names(entry)
    stopped = from_json(entry.content["reason"]) if entry.content.get("stopped") else None
    return ApprovalSubject(
        subject=subject_name(entry),
        title=Message("editions.new-version", document=entry.content[records.WAITS]),
        facts=(
            (Message("editions.fact-why"), need.why),
            *((Message("editions.fact-newly"), each) for each in need.changes),
            *([(Message("editions.fact-reason"), stopped)] if stopped else []),
            (Message("editions.fact-emails"), plain(", ".join(need.emails))),
            *([(Message("editions.fact-unknown"), need.unknown)] if need.unknown else []),
            (Message("editions.fact-digests"), plain(f"{document[:_SHOWN]} / {bindings[:_SHOWN]}")),
        ),
        content={
            "document": document,
            "bindings": bindings,
            "changes": [each.as_json() for each in need.changes],
            "instead_of": list(edition.digests),
        },
        document_digest=edition.design.digest,
        acting_digest=edition.bindings.acting_digest,
        terms=need.terms,
        ordered_by=", ".join(need.emails)[:150],
        orderers=accounts_with_addresses(edition.bindings.people.values(), need.emails),
    )


def watch(edition: Edition, now: datetime) -> None:
    """Ask for the approval that the waiting edition needs, again when it has expired; take back all others.

    A refused edition is not asked about again: it takes another one.
    """
    if _is_asked(edition, now):
        return
    with transaction.atomic():
        ledger.hold()
        found = records.waiting()
        name = subject_name(found) if found is not None else ""
        for other in _open().exclude(subject=name):
            close(other, RequestState.SUPERSEDED, now)
        need = records.need_of(found) if found is not None else None
        if found is None or need is None:
            return
        last = _last(name)
        if last is not None and last.state == RequestState.OPEN and now >= last.expires_at:
            close(last, RequestState.EXPIRED, now)
        if last is None or last.state != RequestState.REFUSED:
            request_for(subject_of(found, need, edition), now)


def asked() -> ApprovalRequest | None:
    """Return the newest request about the edition that waits."""
    found = records.waiting()
    return _last(subject_name(found)) if found is not None else None


class EditionApproved:
    """What follows from an answer about an edition: it comes into force, within seconds, or keeps waiting."""

    kind = KIND
    needs_shell_for_emergencies = True
    is_answered_by_api = False

    def settle(self, request: ApprovalRequest, by: Giver, note: str, now: datetime) -> None:
        """Let the edition in, if it still is the one that waits; raise `NotPossible` if not."""
        del note
        if not RequestState(request.state).lets_act:
            return
        found = records.waiting()
        if found is None or subject_name(found) != request.subject:
            raise records.nothing_waits()
        records.let_in(found, by.name[:150], now, until=request.expires_at, request=request.pk)


EFFECT = EditionApproved()


def _is_asked(edition: Edition, now: datetime) -> bool:
    found = records.waiting()
    if found is None or records.need_of(found) is None:
        return not _open().exists()
    last = _last(subject_name(found))
    if last is None or _open().exclude(pk=last.pk).exists():
        return False
    is_open = last.state == RequestState.OPEN and now < last.expires_at and is_current(last, edition)
    return is_open or last.state == RequestState.REFUSED


def _open() -> QuerySet[ApprovalRequest]:
    return ApprovalRequest.objects.filter(subject__startswith=f"{KIND}/", state=RequestState.OPEN)


def _last(name: str) -> ApprovalRequest | None:
    return ApprovalRequest.objects.filter(subject=name).order_by("-pk").first()
