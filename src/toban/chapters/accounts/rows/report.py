"""The status of the rows about accounts, and the alerts about leavers."""

from collections.abc import Sequence
from datetime import datetime

from toban.chapters.accounts.finding import shown_of
from toban.chapters.accounts.models import AccessRemoval, Leaver, Suspicion
from toban.chapters.accounts.plan import AccountsPlan
from toban.chapters.accounts.rows.judging import LeaverState, UnsureAccount, leavers, watched
from toban.chapters.accounts.seen import seen
from toban.design.clauses.base import Clause
from toban.design.clauses.security import AccountRemoval
from toban.engine.rows.report import JudgedRow, RowAlerts, condition_of, report
from toban.message import Message

_ALERTS = RowAlerts(
    item="accounts",
    limit=Message("accounts.as-the-row-orders"),
    advice=Message("accounts.look-at-the-page"),
)


def tell(plan: AccountsPlan, now: datetime, document_digest: str) -> None:
    """Show the status of the rows about leavers and sign-ins, and report what is wrong."""
    if not (plan.removals or plan.watched):
        return
    systems = seen(plan)
    gone = leavers(states(plan), systems, plan.access.oldest, now)
    watch = watched(open_suspicions(), systems, plan.access.oldest, now)
    rows: list[JudgedRow] = [(row, gone) for row in plan.removals]
    rows += [(row, watch) for row in plan.watched]
    signals = [
        _ALERTS.signal(row, each, now, condition=condition_of(each), subject=_subject(row))
        for row, each in rows
    ]
    report(rows, signals, now, document_digest)


def open_suspicions() -> Sequence[Message]:
    """Return what nobody has answered yet, the newest first."""
    found = Suspicion.objects.filter(answered_at=None).order_by("-at", "-pk")
    return [
        Message("accounts.suspicion", system=each.system, account=each.account, said=each.said)
        for each in found
    ]


def _subject(row: Clause) -> Message:
    is_about_leavers = isinstance(row, AccountRemoval)
    return Message("accounts.subject-leavers" if is_about_leavers else "accounts.subject-suspicions")


def states(plan: AccountsPlan) -> Sequence[LeaverState]:
    """Return everybody who leaves, and has not been taken back; those of whom nothing was found, too."""
    found = list(
        Leaver.objects.filter(withdrawn_at=None).order_by("until", "pk").prefetch_related("removals")
    )
    # Locked before anybody told of it, for instance: there was nothing to remove.
    shown = shown_of([each for each in found if not _standing(each)], plan)
    return [_state(each, plan, is_known=bool(_standing(each)) or each.pk in shown) for each in found]


def _standing(leaver: Leaver) -> Sequence[AccessRemoval]:
    """Return the accounts that are, or were, taken for the leaver's; what is another's is not among them."""
    return [each for each in leaver.removals.all() if each.withdrawn_at is None]


def _state(leaver: Leaver, plan: AccountsPlan, *, is_known: bool) -> LeaverState:
    removals = sorted(_standing(leaver), key=lambda each: (each.system, each.account))
    open_now = [each for each in removals if each.ended_at is None]
    gone = [each for each in removals if each.ended_at is not None]
    return LeaverState(
        leaver.name,
        leaver.leaves_at.astimezone(plan.zone),
        leaver.until.astimezone(plan.zone),
        leaver.told_at.astimezone(plan.zone),
        [str(each) for each in open_now],
        [str(each) for each in gone if each.is_late],
        len(gone),
        is_known,
        [UnsureAccount(each.system, each.account) for each in open_now if not each.is_sure],
        [str(each) for each in open_now if not each.is_late],
        [
            *(_between(each, plan) for each in gone if not (each.is_late or each.is_in_time)),
            *(
                Message("accounts.unbound", system=each.system, account=each.account)
                for each in leaver.removals.all()
                if each.is_given_up and plan.system(each.system) is None
            ),
        ],
    )


def _between(each: AccessRemoval, plan: AccountsPlan) -> Message:
    shown, gone = each.shown_at, each.gone_at or each.ended_at
    return Message(
        "accounts.gone-between",
        place=str(each),
        shown=shown.astimezone(plan.zone) if shown is not None else "—",
        gone=gone.astimezone(plan.zone) if gone is not None else "—",
    )
