"""The operation of the versions in force: asks for the approval that a new one needs."""

import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.engine.editions.edition import Edition, EditionFiles
from toban.engine.editions.gate.approval import watch
from toban.engine.editions.gate.exposure import others_who_write
from toban.engine.editions.review import need_between
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace, running_works
from toban.engine.supervision.home import in_force_folder
from toban.engine.trial import TrialCode
from toban.message import Message, lines


def _plan(_edition: Edition) -> Rows:
    return Rows()


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift([EditionLoop("edition-approvals", watch, every=2.0, leads=True)])


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
            Message("editions.answer-there"),
        )


OPERATION = Operation(plan=_plan, shift=_shift, foreseen=_foreseen)
