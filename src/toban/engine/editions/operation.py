"""The operation of the versions in force: asks for the approval that a new one needs."""

import os
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

from django.conf import settings

from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.engine.editions import announcements
from toban.engine.editions.edition import Edition, EditionFiles
from toban.engine.editions.gate.approval import watch
from toban.engine.editions.gate.exposure import others_who_write
from toban.engine.editions.review import need_between
from toban.engine.editions.shared import StateDatabase
from toban.engine.notify import alerts
from toban.engine.notify.signal import Condition
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace, running_works
from toban.engine.supervision.home import in_force_folder
from toban.engine.trial import TrialCode
from toban.message import Message, lines, sentences


def _plan(_edition: Edition) -> Rows:
    return Rows()


def _shift(_at: Workplace) -> WorkerShift:
    shared = StateDatabase(in_force_folder(settings.HOME))
    loops = (
        EditionLoop("edition-approvals", watch, every=2.0, leads=True),
        EditionLoop("edition-put-back", partial(tell_put_back, shared), every=2.0, leads=True),
    )
    return WorkerShift(loops)


def tell_put_back(shared: StateDatabase, edition: Edition, now: datetime) -> None:
    """Raise an alert while the state database has an older version than was in force; no node takes it."""
    shared.digests()
    condition = Condition.CRITICAL if shared.is_put_back else Condition.OK
    found = shared.number, shared.seen()
    alerts.report([announcements.put_back(edition.design, found, condition, now)], now, edition.design.digest)


def _foreseen(edition: Edition) -> Iterator[Finding]:
    """Yield what would wait for approval if *edition* replaced the one in force in TOBAN_HOME."""
    file = edition.bindings.file
    design, bindings = Path(edition.design.document), Path(file)
    here = settings.PARTS.in_force(in_force_folder(settings.HOME), design)
    former = here.last_kept() if "TOBAN_HOME" in os.environ else None
    if former is None:
        return
    files = EditionFiles(design, bindings, others_who_write((design, bindings)))
    works = [running_works(each, settings.PARTS.operations) for each in (former, edition)]
    need = need_between(former, edition, files, works=(works[0], works[1]))
    if need is not None:
        said = Message("editions.would-wait", role=need.terms.role, why=need.why)
        quote = str(lines(*need.changes))
        yield Finding(
            TrialCode.APPROVAL,
            FindingLevel.INFO,
            Origin(file, 1),
            said,
            quote,
            sentences(Message("editions.answer-there"), need.unknown),
        )


OPERATION = Operation(plan=_plan, shift=_shift, foreseen=_foreseen)
