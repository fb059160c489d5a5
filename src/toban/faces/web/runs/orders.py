"""Orders given on the pages: what each will do, what it asks first, and how it is given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _

from toban.engine.approvals.answers import Giver
from toban.engine.approvals.entitlement import why_not_approve, why_not_break_glass
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.people.models import Operator
from toban.engine.runs import orders
from toban.engine.runs.approval import request_of
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.orders import ApprovalOrder
from toban.engine.runs.parameters import Parameter, ParameterKind, allowed, read
from toban.engine.runs.rules import RunReason
from toban.faces.web.frame import in_force
from toban.faces.web.proof import has_proved
from toban.faces.words.run_parameters import NoParameter, read_parameters


@dataclass(frozen=True, slots=True)
class ParameterField:
    """A field for a parameter that the work knows."""

    parameter: Parameter
    value: str = ""

    @property
    def allowed(self) -> str:
        """Which values it may have, in words; empty if only the kind of work knows."""
        return str(allowed(self.parameter))

    @property
    def input_type(self) -> str:
        """The type of HTML's input; a number is text, as browsers write numbers in their own ways."""
        return "date" if self.parameter.kind is ParameterKind.DATE else "text"


@dataclass(frozen=True, slots=True)
class OrderQuestion:
    """An order that is not given yet."""

    act: str
    title: str
    says: tuple[str, ...]
    """What it will do, a sentence each."""
    button: str
    fields: tuple[ParameterField, ...] = ()
    takes_any: bool = False
    """Whether parameters of any name may be given, one per line."""
    reason: str = ""
    """The name of the reason that it asks for; empty if it asks for none."""
    needs_reason: bool = False
    steps: tuple[str, ...] = ()
    """Finished steps, of which one can be chosen to begin at."""
    needs_step: bool = False
    name: str = ""
    """What must be typed to confirm it; empty if nothing must be."""
    facts: tuple[tuple[str, str], ...] = ()
    """Label and value pairs: exactly what is approved."""
    shown: str = ""
    """The digest of that: the answer is refused if it is about something else by then."""
    needs_proof: bool = False
    """Whether those who give it must have signed in again just before."""
    trouble: str = ""
    """What was wrong with the answer."""
    hint: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    """The answers, to be corrected."""


def asked_of_work(
    act: str, work: PlannedWork, label: str, open_run: Run | None, clock: Callable[[datetime], str]
) -> OrderQuestion | None:
    """Return the question behind *act* on a work, or None if that act is not possible now."""
    match act:
        case "run":
            return _run_now(work, label, open_run)
        case "skip" if open_run is None or open_run.state != Run.State.RUNNING:
            return _skip(work, label, open_run, clock)
        case _:
            return None


def asked_of_run(act: str, run: Run, label: str, steps: tuple[str, ...]) -> OrderQuestion | None:
    """Return the question behind *act* on *run* with its finished *steps*, or None if it is impossible."""
    is_open = run.state in (Run.State.WAITING, Run.State.RUNNING)
    is_awaiting = run.state == Run.State.WAITING and run.reason == RunReason.AWAITING_APPROVAL
    match act:
        case "cancel" if is_open:
            return _cancel(run, label)
        case "again" if not is_open and (steps or run.state != Run.State.DONE):
            return _again(run, label, steps)
        case "approve" | "refuse" | "break-glass" if is_awaiting:
            request = request_of(run)
            return _ANSWERS[act](run, label, request) if request is not None else None
        case _:
            return None


def _run_now(work: PlannedWork, label: str, open_run: Run | None) -> OrderQuestion:
    says = [_("今すぐ1回実行します。")]
    if work.next_due is not None:
        says = [_("スケジュール（%(rule)s）とは別に、今すぐ1回実行します。") % {"rule": work.timing}]
    if work.depends_on:
        says.append(_("次が先に成功するまで待ちます: %(works)s") % {"works": "、".join(work.depends_on)})
    if open_run is not None and open_run.state == Run.State.RUNNING:
        says.append(_("現在の実行 %(run)d が終わるまで待ちます。") % {"run": open_run.pk})
    says.append(_("依頼者を証跡に記録します。"))
    takes = read(work.parameters)
    return OrderQuestion(
        "run",
        _("%(work)s を今すぐ実行する") % {"work": label},
        tuple(says),
        _("今すぐ実行"),
        fields=tuple(ParameterField(each, each.default) for each in takes or ()),
        takes_any=takes is None,
        name=work.key,
    )


def _skip(
    work: PlannedWork, label: str, open_run: Run | None, clock: Callable[[datetime], str]
) -> OrderQuestion | None:
    due = open_run.due_at if open_run is not None else work.next_due
    if due is None:
        return None
    says = (
        _("%(due)s の実行を見送り、未実施として証跡に残します。") % {"due": clock(due)},
        _("その次からは、予定どおり実行します。"),
    )
    title = _("%(work)s の次の実行を見送る") % {"work": label}
    return OrderQuestion(
        "skip", title, says, _("見送る"), reason=_("見送る理由"), needs_reason=True, name=work.key
    )


def _cancel(run: Run, label: str) -> OrderQuestion:
    says = [_("この実行を終了し、証跡に未実施と記録します。")]
    if run.state == Run.State.RUNNING:
        says.append(_("進行中の手順は数秒で止まります。それまでの手順の結果は残ります。"))
    title = _("%(work)s の実行 %(run)d を中止") % {"work": label, "run": run.pk}
    return OrderQuestion("cancel", title, tuple(says), _("実行を中止"), name=run.work)


def _again(run: Run, label: str, steps: tuple[str, ...]) -> OrderQuestion:
    is_done = run.state == Run.State.DONE
    says = [_("選んだ手順から後を、もう一度実行します。")]
    if not is_done:
        says.append(_("手順を選ばなければ、最後に終わった手順の次から続けます。"))
    title = _("%(work)s の実行 %(run)d を再実行") % {"work": label, "run": run.pk}
    return OrderQuestion(
        "again", title, tuple(says), _("再実行"), steps=steps, needs_step=is_done, name=run.work
    )


def _approve(run: Run, label: str, request: ApprovalRequest) -> OrderQuestion:
    says = [
        _("手順「%(step)s」を、下の内容でそのまま始めます。") % {"step": run.step},
        _("承認は、この実行の再試行にも有効です。次の実行や、内容が変わった実行には及びません。"),
    ]
    if request.people > 1:
        says.append(_("%(people)d 人の承認がそろったら始めます。") % {"people": request.people})
    if request.is_irreversible:
        says.append(_("この処理は取り消せません。"))
    title = _("%(work)s の実行 %(run)d を承認") % {"work": label, "run": run.pk}
    return OrderQuestion(
        "approve",
        title,
        tuple(says),
        _("承認する"),
        reason=_("コメント"),
        facts=_facts(request),
        shown=request.digest,
        needs_proof=request.is_irreversible,
    )


def _refuse(run: Run, label: str, request: ApprovalRequest) -> OrderQuestion:
    says = (_("手順「%(step)s」を行わずに、この実行を終了します。") % {"step": run.step},)
    title = _("%(work)s の実行 %(run)d を却下") % {"work": label, "run": run.pk}
    return OrderQuestion(
        "refuse",
        title,
        says,
        _("却下する"),
        reason=_("却下する理由"),
        needs_reason=True,
        facts=_facts(request),
        shown=request.digest,
    )


def _break_glass(run: Run, label: str, request: ApprovalRequest) -> OrderQuestion:
    says = (
        _("%(role)sの承認を待たずに、手順「%(step)s」をすぐに始めます。")
        % {"role": request.role, "step": run.step},
        _("関係者全員にすぐ通知し、別の人が確認するまで逸脱になります。"),
    )
    title = _("%(work)s の実行 %(run)d を承認なしで進める") % {"work": label, "run": run.pk}
    return OrderQuestion(
        "break-glass",
        title,
        says,
        _("承認なしで進める"),
        reason=_("緊急の理由"),
        needs_reason=True,
        name=run.work,
        facts=_facts(request),
        shown=request.digest,
        needs_proof=True,
    )


_ANSWERS = {"approve": _approve, "refuse": _refuse, "break-glass": _break_glass}


def _facts(request: ApprovalRequest) -> tuple[tuple[str, str], ...]:
    return tuple((str(label), str(value)) for label, value in request.facts_said())


def may_give(user: object, act: str, run: Run | None) -> bool:
    """Whether *user* may give the order *act*."""
    if act not in _ANSWERS:
        return may_order(user)
    request = request_of(run) if run is not None else None
    if request is None or not isinstance(user, Operator):
        return False
    why = why_not_break_glass if act == "break-glass" else why_not_approve
    return why(request, user, in_force(), system_clock()) is None


def require_permission(user: object, act: str, run: Run | None) -> None:
    """Raise `PermissionDenied` unless *user* may give the order *act*."""
    # Those who may not approve, but order otherwise, are told why: it may have been true a moment ago.
    if not may_give(user, act, run) and not (act in _ANSWERS and may_order(user)):
        raise PermissionDenied(act)


def give(
    request: HttpRequest, question: OrderQuestion, key: str, run: Run | None, now: datetime
) -> Run | OrderQuestion:
    """Give the order as the form answers *question*; return the run, or the question with what is wrong."""
    typed = {
        name: request.POST.get(name, "").strip() for name in ("name", "reason", "parameters", "from", "shown")
    }
    fields = (
        replace(each, value=request.POST.get(f"parameter.{each.parameter.name}", "").strip())
        for each in question.fields
    )
    answered = replace(question, typed=typed, fields=tuple(fields))
    trouble = _trouble(answered)
    if trouble:
        return replace(answered, trouble=trouble)
    try:
        return _ways(answered, key, run, request, now)[question.act]()
    except NoParameter as wrong:
        return replace(answered, trouble=str(wrong.said))
    except NotPossible as wrong:
        return replace(answered, trouble=str(wrong.said), hint=str(wrong.hint))


def _trouble(question: OrderQuestion) -> str:
    typed = question.typed
    if question.name and typed["name"] != question.name:
        return _("確認のため「%(name)s」と入力してください。") % {"name": question.name}
    if question.needs_reason and not typed["reason"]:
        return _("%(reason)sを書いてください。") % {"reason": question.reason}
    if question.needs_step and typed["from"] not in question.steps:
        return _("再実行を始める手順を選んでください。")
    return ""


def _ways(
    question: OrderQuestion, key: str, run: Run | None, request: HttpRequest, now: datetime
) -> Mapping[str, Callable[[], Run]]:
    typed, run_id = question.typed, run.pk if run is not None else 0
    said, account = typed["reason"], Operator.objects.get(username=request.user.get_username())
    by = account.username
    giver = Giver(account, has_proved=question.needs_proof and has_proved(request))
    answer = ApprovalOrder(run_id, typed["shown"], giver, in_force(), said)
    return {
        "run": lambda: orders.order(key, _parameters(question), by=by, now=now, account=account),
        "skip": lambda: orders.skip(key, said, by=by, now=now),
        "cancel": lambda: orders.cancel(key, by=by, now=now, run_id=run_id),
        "again": lambda: orders.again(key, run_id, typed["from"] or None, by=by, now=now, account=account),
        "approve": lambda: orders.approve(answer, now),
        "refuse": lambda: orders.refuse(answer, now),
        "break-glass": lambda: orders.break_glass(answer, now),
    }


def _parameters(question: OrderQuestion) -> dict[str, str]:
    """Return the parameters that the form gives the run; an empty field gives none."""
    lines = filter(None, question.typed["parameters"].splitlines())
    filled = {each.parameter.name: each.value for each in question.fields if each.value}
    return {**read_parameters(lines), **filled}
