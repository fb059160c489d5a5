"""Rows that order the same act share its answer and its status: one run proves all of them. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from toban.design.acts import SameAct
from toban.engine.evidence.status import StatusUpdate
from toban.message import Message


def also_answered[A](answers: Mapping[str, A], acts: Iterable[SameAct]) -> Mapping[str, A]:
    """Return *answers* with those for the other rows of each act, which are those of its leading row."""
    others = {
        row.id: answers[act.leading.id] for act in acts if act.leading.id in answers for row in act.others
    }
    return {**others, **answers}


def also_shown(updates: Iterable[StatusUpdate], acts: Iterable[SameAct]) -> Iterator[StatusUpdate]:
    """Yield *updates*, and the same for every other row of their acts, naming the leading row."""
    by_leading = {act.leading.id: act for act in acts}
    for update in updates:
        yield update
        if act := by_leading.get(update.clause_id):
            said = Message("engine.same-act", row=str(act.leading.origin), why=update.reason)
            yield from (replace(update, clause_id=row.id, reason=said) for row in act.others)
