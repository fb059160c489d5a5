"""Escalation of unacknowledged critical alerts: a policy, frozen at the first notification. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.design.clauses.duty import EMERGENCY, DutyRole
from toban.engine.bindings.model import NoticeBinding
from toban.message import Message, from_json, plain


@dataclass(frozen=True, slots=True)
class EscalationCall:
    """A step: these roles are called if nobody has acknowledged the alert after this time."""

    after: timedelta
    roles: tuple[str, ...]
    ordered_by: Message
    """Where it is written, with a note if it is assumed."""


@dataclass(frozen=True, slots=True)
class EscalationProgress:
    """An escalation in progress: it keeps its steps even if the document has changed."""

    steps: tuple[EscalationCall, ...]
    began_at: datetime
    done: int = 0
    """How many steps are done."""


def policy(notices: NoticeBinding, duties: Sequence[DutyRole], file: str) -> tuple[EscalationCall, ...]:
    """Return the steps of `[notices]`; without any, an assumed one: 緊急連絡先."""
    if notices.escalation:
        written = sorted(notices.escalation, key=lambda each: each.after)
        ordered_by = plain(f"{file} [[notices.escalation]]")
        return tuple(EscalationCall(each.after, each.to, ordered_by) for each in written)
    emergency = next((duty for duty in duties if EMERGENCY in duty.role), None)
    if emergency is None:
        return ()
    assumed = Message("notify.assumed", row=emergency.origin)
    return (EscalationCall(notices.escalate_after, (emergency.role,), assumed),)


def due(
    steps: Sequence[EscalationCall], *, done: int, began_at: datetime, now: datetime
) -> Sequence[EscalationCall]:
    """Return the steps whose time has come, without the first *done*, which are already done."""
    return [step for step in steps[done:] if began_at + step.after <= now]


def next_at(steps: Sequence[EscalationCall], *, done: int, began_at: datetime) -> datetime | None:
    """Return when the next step is due; None after the last."""
    return began_at + steps[done].after if done < len(steps) else None


def written(steps: Sequence[EscalationCall]) -> list[dict[str, object]]:
    """Return *steps* as JSON: an escalation in progress keeps them even if the document changes."""
    return [
        {
            "after": step.after.total_seconds(),
            "roles": list(step.roles),
            "ordered_by": step.ordered_by.as_json(),
        }
        for step in steps
    ]


def read(steps: Sequence[Mapping[str, object]]) -> tuple[EscalationCall, ...]:
    """Return what `written` wrote."""
    return tuple(
        EscalationCall(
            timedelta(seconds=float(str(step["after"]))),
            tuple(step["roles"]) if isinstance(step["roles"], list) else (),
            from_json(step["ordered_by"]),
        )
        for step in steps
    )
