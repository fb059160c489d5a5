"""People move automatic acts from mode to mode: each move is one transaction, audited."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction

from toban.engine.approvals.answers import Giver, from_shell
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.requests import ApprovalSubject, request_for, supersede
from toban.engine.approvals.rules import ApprovalTerms, RequestState, digest_of
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.modes.models import ModeSetting
from toban.engine.modes.rules import (
    AutomaticAct,
    Mode,
    ModeDecision,
    ModeDecisions,
    is_over,
    mode_now,
    needs_approval,
    word,
)
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.state.question import Question
from toban.message import Message, plain
from toban.text import printable, storable_text

KIND = "mode"
_TO = " → "
_BOUND = Message("modes.fact-bound")


def decisions() -> ModeDecisions:
    """Return what people decided; one query."""
    return {
        subject: ModeDecision(Mode(mode), Mode(declared), approved)
        for subject, mode, declared, approved in _DECIDED.rows()
    }


_DECIDED = Question(lambda: ModeSetting.objects.values_list("subject", "mode", "declared", "approved"))


def settings() -> Mapping[str, ModeSetting]:
    """Return the same with who decided it, when and why."""
    return ModeSetting.objects.in_bulk()


def shown_of(act: AutomaticAct, setting: ModeSetting | None) -> str:
    """Return the digest of what people see of *act* and of the newest decision about it."""
    decided = [setting.mode, setting.at.isoformat()] if setting is not None else []
    return digest_of({"bound": act.bound, "declared": act.declared, "decided": decided})


def decision_in(setting: ModeSetting | None) -> ModeDecisions:
    """Return *setting* alone, for one act."""
    return {} if setting is None else {setting.subject: _decision(setting)}


def forget_overridden(acts: Iterable[AutomaticAct]) -> None:
    """Forget what people decided before the bindings said something else: it must not come back with them.

    The evidence keeps it. *acts* are those of the version in force.
    """
    known = {act.subject: act for act in acts}
    for each in ModeSetting.objects.all():
        if is_over(_decision(each), known.get(each.subject)):
            # Unless somebody decides anew at this moment.
            ModeSetting.objects.filter(pk=each.pk, at=each.at, declared=each.declared).delete()


def move(
    act: AutomaticAct,
    wanted: Mode,
    reason: str,
    *,
    shown: str,
    by: Giver,
    edition: Edition,
    now: datetime,
) -> ApprovalRequest | None:
    """Put *act* into the mode *wanted*, or ask for the approval that this takes and return the request.

    Raises `NotPossible` without a reason, for viewers, if the bindings don't allow that mode, or if what was
    *shown* (see `shown_of`) is not so any more: nobody moves on what somebody else has just stopped, or what
    does something else by now.
    """
    with transaction.atomic():
        now = ledger.turn(now)
        current = movable(act, wanted, reason, by)
        if shown != shown_of(act, ModeSetting.objects.filter(pk=act.subject).first()):
            raise NotPossible(Message("modes.not-what-was-shown"), Message("modes.see-modes"))
        if needs_approval(act, wanted):
            return request_for(_subject(act, current, wanted, reason, by, edition), now)
        supersede(f"{KIND}/{act.subject}", now)
        _apply(act.subject, wanted, act.declared, reason, by.name, now, shell_user=by.shell_user)
    return None


class ModeApproved:
    """What follows from an answer about a mode: the act moves on, or stays as it is."""

    kind = KIND
    needs_shell_for_emergencies = True
    is_answered_by_api = False

    def settle(self, request: ApprovalRequest, by: Giver, note: str, now: datetime) -> None:
        """Move the act if that was approved."""
        if RequestState(request.state).lets_act:
            declared, _, wanted = request.part.partition(_TO)
            subject = request.subject.partition("/")[2]
            orderer = request.ordered_by
            _apply(
                subject,
                Mode(wanted),
                Mode(declared),
                note,
                orderer,
                now,
                approved_by=by.name,
                approved=_bound_in(request),
            )


EFFECT = ModeApproved()


def movable(act: AutomaticAct, wanted: Mode, reason: str, by: Giver) -> Mode:
    """Return the mode of *act* now; raise `NotPossible` if *by* can't put it into *wanted*."""
    if by.account is not None and not may_order(by.account):
        raise NotPossible(Message("modes.viewers-move-nothing"), Message("modes.who-moves"))
    if not reason.strip():
        raise NotPossible(Message("approvals.reason-missing"), Message("approvals.give-a-reason"))
    if wanted.is_bolder(act.boldest):
        raise NotPossible(Message("modes.approval-is-bound", act=act.title), Message("modes.change-bindings"))
    if needs_approval(act, wanted) and by.account is None:
        raise NotPossible(Message("approvals.name-an-account"), Message("modes.orderer-must-be-known"))
    current = mode_now(act, decisions())
    if current is wanted:
        raise NotPossible(Message("modes.is-so-already", act=act.title), Message("modes.see-modes"))
    return current


def _subject(
    act: AutomaticAct, current: Mode, wanted: Mode, reason: str, by: Giver, edition: Edition
) -> ApprovalSubject:
    return ApprovalSubject(
        subject=f"{KIND}/{act.subject}",
        part=f"{act.declared}{_TO}{wanted}",
        title=Message("modes.move", act=act.title, mode=word(wanted)),
        facts=(
            (Message("modes.fact-act"), act.title),
            (_BOUND, plain(act.bound)),
            (Message("modes.fact-now"), word(current)),
            (Message("modes.fact-wanted"), word(wanted)),
            (Message("modes.fact-reason"), plain(printable(" ".join(reason.split())))),
            (Message("modes.fact-by"), plain(by.name)),
        ),
        content={"act": act.subject, "bound": act.bound, "from": current, "to": wanted, "reason": reason},
        document_digest=edition.design.digest,
        acting_digest=edition.bindings.acting_digest,
        terms=ApprovalTerms(act.role, is_irreversible=True),
        clause_id=act.clause_id,
        ordered_by=by.name,
        orderers=by.orderers,
    )


def _decision(setting: ModeSetting) -> ModeDecision:
    return ModeDecision(Mode(setting.mode), Mode(setting.declared), setting.approved)


def _bound_in(request: ApprovalRequest) -> str:
    """Return what the act does, as those who approved it were shown."""
    return next((str(said) for label, said in request.facts_said() if label == _BOUND), "")


def _apply(
    subject: str,
    mode: Mode,
    declared: Mode,
    reason: str,
    by: str,
    now: datetime,
    *,
    approved_by: str = "",
    approved: str = "",
    shell_user: str = "",
) -> None:
    former = ModeSetting.objects.filter(subject=subject).first()
    told = {
        "mode": mode,
        "declared": declared,
        "approved": approved,
        "by": by[:150],
        "reason": storable_text(reason.strip()),
    }
    ModeSetting.objects.update_or_create(subject=subject, defaults={**told, "at": now})
    content = {
        "order": "mode",
        "act": subject,
        "from": former.mode if former is not None else declared,
        "to": mode,
        "declared": declared,
        "reason": told["reason"],
        "approved_by": approved_by,
        **from_shell(shell_user),
    }
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=by[:150]), now=now)
