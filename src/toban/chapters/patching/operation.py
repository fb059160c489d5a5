"""The operation of patches: they are planned when they are due, and how far they are is shown."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from toban.chapters.patching import plan as planning
from toban.chapters.patching import report, works
from toban.chapters.patching.hosts.looking import PatchGroup, look, why_unreadable
from toban.chapters.patching.manager import PATCHING, AnswerUnreadable
from toban.chapters.patching.plan import PatchingPlan
from toban.engine.editions.edition import Edition
from toban.engine.operation import EditionLoop, Operation, WorkerShift, Workplace
from toban.engine.runs.commands.place import NotAnswered
from toban.engine.runs.work import Work
from toban.engine.trial import Doubt, Trial, TrialCode, place_of, quote_of
from toban.message import Message


def _plan(edition: Edition) -> PatchingPlan:
    made = planning.plan(edition)
    return replace(made, works=works.works(made, edition))


def _works(made: PatchingPlan) -> Mapping[str, Work]:
    return made.works


def _tell(edition: Edition, now: datetime) -> None:
    report.tell(edition.plan(OPERATION), edition, now)


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift([EditionLoop("patches-status", _tell, every=5.0, leads=True)])


def _trials(edition: Edition, _now: datetime) -> Iterator[Trial]:
    made, bindings = edition.plan(OPERATION), edition.bindings
    for group in made.groups:
        yield Trial(
            TrialCode.PATCHES,
            Message("patching.trial-group", name=group.name),
            place_of(bindings, "patching", group.name),
            quote_of("patching", group.name, PATCHING.of(bindings)[group.name]),
            partial(_doubts, group),
            Message("patching.check-group"),
        )


def _doubts(group: PatchGroup) -> Iterator[Doubt]:
    """Look at each host without changing anything; yield what keeps it from being patched."""
    for host in group.config.hosts:
        try:
            seen = look(group, host, refreshes=False)
        except (NotAnswered, AnswerUnreadable) as unknown:
            yield Message("runs.on-host", host=host, said=why_unreadable(unknown))
            continue
        if seen.unfinished:
            said = Message("patching.still-unfinished", packages=seen.unfinished)
            yield Message("runs.on-host", host=host, said=said)
        if not seen.boot:
            yield Message("runs.on-host", host=host, said=Message("patching.no-boot-id"))


OPERATION = Operation(plan=_plan, works=_works, shift=_shift, trials=_trials)
