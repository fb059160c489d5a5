"""What an account may do about a task at this moment, and why not."""

from dataclasses import dataclass
from datetime import datetime

from toban.engine.approvals.holders import Holder, holders_of
from toban.engine.editions.edition import Edition
from toban.engine.people.models import Operator
from toban.engine.runs.models import Run
from toban.engine.tasks.models import Handover
from toban.engine.tasks.rules import TaskRefusal, TaskTerms, why_not_act
from toban.message import NOTHING, Message


@dataclass(frozen=True, slots=True)
class TaskPeople:
    """Whose task it is now."""

    terms: TaskTerms
    holders: tuple[Holder, ...]
    """Those who hold the role now."""
    handover: Handover | None = None
    """Set while it is handed on to somebody whose account is active."""

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
        whys = (each.why_not for each in self.holders if each.why_not)
        return next(whys, Message("tasks.nobody-in-turn", roles=list(self.terms.roles)))

    def person_of(self, account: Operator) -> str:
        """Return the name in `[people]` under which *account* acts."""
        if self.handover is not None and self.handover.taker_id == account.pk:
            return self.handover.taker_person
        mine = (each.person for each in self.holders if each.account is not None and each.account == account)
        return next(mine, "")

    def why_not(self, account: Operator, *, is_taking_back: bool = False) -> TaskRefusal | None:
        """Return why *account* may not sign it off now, or hand it on, or take it back; None if it may."""
        return why_not_act(
            account.pk,
            taker=self.handover.taker_id if self.handover is not None else None,
            holders=[each.account.pk for each in self.holders if each.account is not None],
            roles=self.terms.roles,
            why_nobody=self.why_nobody,
            is_taking_back=is_taking_back,
        )


def people_of_task(run: Run, terms: TaskTerms, edition: Edition, now: datetime) -> TaskPeople:
    """Return whose task *run* is at *now*."""
    holders = tuple(each for role in terms.roles for each in holders_of(edition, role, now))
    newest = run.handovers.select_related("taker").order_by("-pk").first()
    if newest is None or newest.taker is None or not newest.taker.is_active:
        return TaskPeople(terms, holders)
    return TaskPeople(terms, holders, newest)
