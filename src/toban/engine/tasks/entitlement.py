"""What an account may do about a task at this moment, and why not."""

from dataclasses import dataclass
from datetime import datetime

from toban.engine.approvals.holders import Holder, account_of, holders_of
from toban.engine.approvals.identity import is_self_made
from toban.engine.editions.edition import Edition
from toban.engine.people.models import Operator
from toban.engine.runs.models import Run
from toban.engine.tasks.models import Handover, Swap, SwapLeg
from toban.engine.tasks.rules import TaskRefusal, TaskTerms, why_not_act
from toban.message import NOTHING, Message


@dataclass(frozen=True, slots=True)
class TaskPeople:
    """Whose task it is now."""

    terms: TaskTerms
    holders: tuple[Holder, ...]
    """Those who hold the role now, but for those who made themselves deputies."""
    self_made: tuple[Operator, ...] = ()
    """The accounts of deputies who made themselves that."""
    handover: Handover | None = None
    """Set while it is handed on to somebody who may sign it off."""
    lapsed: Handover | None = None
    """Set if it was handed on by or to somebody who has left since: it is the role's again."""

    @property
    def able(self) -> tuple[str, ...]:
        """The names in `[people]` of those who may sign it off now."""
        if self.handover is not None:
            return (self.handover.taker_person,)
        return tuple(dict.fromkeys(each.person for each in self.holders if each.account is not None))

    @property
    def why_nobody(self) -> Message:
        """Why nobody may sign it off now; nothing if somebody may."""
        if self.able:
            return NOTHING
        if self.self_made:
            return Message("tasks.appointed-themselves")
        whys = (each.why_not for each in self.holders if each.why_not)
        return next(whys, Message("tasks.nobody-in-turn", roles=list(self.terms.roles)))

    @property
    def why_lapsed(self) -> Message:
        """Why it is the role's again though it was handed on; nothing if it is not so."""
        if self.lapsed is None:
            return NOTHING
        if self.lapsed.is_giver_relieved:
            return Message("tasks.giver-relieved", person=self.lapsed.giver_name)
        if not self.lapsed.stands:
            code = "appointer" if self.lapsed.is_giver_trusted else "giver"
            return Message(f"tasks.{code}-locked-out", person=self.lapsed.giver_name)
        return Message("tasks.handover-lapsed", person=self.lapsed.taker_person)

    def person_of(self, account: Operator) -> str:
        """Return the name in `[people]` under which *account* acts."""
        if self.handover is not None and self.handover.taker_id == account.pk:
            return self.handover.taker_person
        found = self._holder(account)
        return found.person if found is not None else ""

    def deputy_of(self, account: Operator) -> int | None:
        """Return the number of the override by which *account* has the task, itself or by a handover."""
        if self.handover is not None and self.handover.taker_id == account.pk:
            return self.handover.deputy_id
        found = self._holder(account)
        return found.deputy if found is not None else None

    def _holder(self, account: Operator) -> Holder | None:
        mine = (each for each in self.holders if each.account is not None and each.account == account)
        return next(mine, None)

    def why_not(self, account: Operator, *, is_taking_back: bool = False) -> TaskRefusal | None:
        """Return why *account* may not sign it off now, or hand it on, or take it back; None if it may."""
        return why_not_act(
            account.pk,
            taker=self.handover.taker_id if self.handover is not None else None,
            holders=[each.account.pk for each in self.holders if each.account is not None],
            self_made=[each.pk for each in self.self_made],
            roles=self.terms.roles,
            why_nobody=self.why_nobody,
            is_taking_back=is_taking_back,
            by_evidence=self.terms.by_evidence,
        )


def people_of_task(run: Run, terms: TaskTerms, edition: Edition, now: datetime) -> TaskPeople:
    """Return whose task *run* is at *now*."""
    found = [each for role in terms.roles for each in holders_of(edition, role, now)]
    refused = [each for each in found if is_self_made(edition, each)]
    newest = _handover(run)
    has_left = newest is not None and not (newest.stands and _is_still(newest, edition))
    return TaskPeople(
        terms,
        holders=tuple(each for each in found if each not in refused),
        self_made=tuple(each.account for each in refused if each.account is not None),
        handover=None if has_left else newest,
        lapsed=newest if has_left else None,
    )


def _handover(run: Run) -> Handover | None:
    """Return how *run* was last handed on: by hand, or by a swap that was agreed before it was due."""
    handed: Handover | None = (
        run.handovers.select_related("taker", "giver", "deputy__account").order_by("-pk").first()
    )
    legs = SwapLeg.objects.filter(work=run.work, due_at=run.due_at, swap__state=Swap.State.AGREED)
    leg = (
        legs.select_related("swap__asker", "swap__answerer", "taker", "deputy__account")
        .order_by("-swap__answered_at", "-pk")
        .first()
    )
    if leg is None:
        return handed
    swapped = leg.handover(run)
    return handed if handed is not None and handed.at >= swapped.at else swapped


def _is_still(handover: Handover, edition: Edition) -> bool:
    """Return whether it is handed on to a person of `[people]` who has the same active account as then."""
    account = account_of(edition, handover.taker_person)
    return account is not None and account.pk == handover.taker_id
