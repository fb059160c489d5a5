"""Why a batch ran, did not run, or waits: `toban why B003`."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings

from toban.chapters.batch.operation import OPERATION
from toban.design.clauses.batch import Batch
from toban.engine.clock import system_clock
from toban.engine.registry.parts import Parts
from toban.engine.runs.kinds import key_of
from toban.engine.runs.models import PlannedWork, Run
from toban.faces.cli.answer import CommandAnswer, Why
from toban.faces.cli.kept import kept_edition
from toban.faces.cli.runs.runs import line
from toban.faces.values.runs import run_values
from toban.faces.words.runs import because, standing
from toban.message import NOTHING, Message, sentences

_RUNS, _LINES = 5, 20
_NAMED = 10
"""How many batches a refusal lists."""


def answer(parts: Parts, batch: str) -> CommandAnswer | None:
    """Say what *batch* waits for, why its last runs ended as they did, and what the newest one wrote.

    None if neither the document nor the ledger knows it.
    """
    work = PlannedWork.objects.filter(key=batch).first()
    written = _written(parts, batch, work)
    if work is None and written.is_unknown:
        return None
    runs = list(Run.objects.filter(work=batch).order_by("-due_at", "-pk")[:_RUNS])
    return CommandAnswer(tuple(_told(written, work, runs)), _told_to_machines(batch, written, work, runs))


def known(parts: Parts) -> Message:
    """Name the batches of the document in force."""
    batches = _written(parts, "", None).known
    if not batches:
        return Message("batch.document-has-none")
    return Message("batch.document-has", names=batches[:_NAMED])


WHY = Why(answer, known)


@dataclass(frozen=True, slots=True)
class _DocumentBatch:
    """What the document in force says about the batch."""

    known: tuple[str, ...]
    is_unknown: bool
    citation: str = ""
    why_not: Message = NOTHING
    """Why its row does not run, and what to write; empty if it runs."""


def _written(parts: Parts, batch: str, work: PlannedWork | None) -> _DocumentBatch:
    edition = kept_edition(parts, settings.HOME)
    if edition is None:
        return _DocumentBatch((), is_unknown=True)
    design = edition.design
    rows = {key_of(row): row for row in design.of(Batch)}
    known = tuple(rows)
    if (row := rows.get(batch)) is not None:
        unbound = edition.plan(OPERATION).unbound
        return _DocumentBatch(
            known, is_unknown=False, citation=str(row.origin), why_not=unbound.get(row.id, NOTHING)
        )
    if (unread := design.unread_of(batch)) is not None:
        citation = f"{design.document}:{unread.line}"
        why_not = Message("batch.this-row-is-unreadable", reason=unread.reason)
        return _DocumentBatch(known, is_unknown=False, citation=citation, why_not=why_not)
    # Works of other chapters, such as PostgreSQL/full, belong to the row that ordered them.
    asked = work.clause_id if work is not None and work.in_force else ""
    ordering = next((clause for clause in design.clauses if clause.id == asked), None)
    citation = str(ordering.origin) if ordering is not None else ""
    return _DocumentBatch(known, is_unknown=ordering is None, citation=citation)


def _told(written: _DocumentBatch, work: PlannedWork | None, runs: list[Run]) -> Iterator[str]:
    yield from map(str, _plan(written, work))
    for run in runs:
        yield line(run, work)
        yield from (f"        {text}" for text in _waits_for(run, work))
    said = [text for run in runs[:1] for text in _newest_lines(run)]
    if said:
        yield str(Message("batch.last-output", run=runs[0].pk))
        yield from (f"  | {text}" for text in said)


def _plan(written: _DocumentBatch, work: PlannedWork | None) -> Iterator[Message]:
    """Say when it runs, or why it does not run at all."""
    if written.citation:
        yield Message("batch.row", citation=written.citation)
    if written.why_not:
        yield Message("batch.does-not-run", reason=written.why_not)
    elif written.is_unknown:
        yield Message("batch.does-not-run", reason=Message("batch.no-such-row"))
    elif work is None or not work.in_force:
        yield Message("batch.does-not-run", reason=Message("batch.no-worker-has-it"))
    else:
        yield Message("batch.rule", rule=work.timing)
        due = work.next_due.astimezone() if work.next_due else Message("batch.undecided")
        yield Message("batch.next-due", due=due)


def _waits_for(run: Run, work: PlannedWork | None) -> Iterator[Message]:
    """Name what a waiting run waits for, if that is another run or an approval."""
    if run.state != Run.State.WAITING:
        return
    if run.reason == "awaiting-approval":
        yield sentences(run.note, Message("batch.approve-with", key=run.work, run=run.pk))
        return
    if run.failures:
        yield Message("batch.failed", count=run.failures, note=run.note)
    going = Run.objects.filter(work=run.work, state=Run.State.RUNNING).first()
    if going is not None:
        yield Message("batch.other-run-goes-on", run=going.pk, holder=going.holder)
    for key in work.depends_on if work is not None else ():
        before = Run.objects.filter(work=key, due_at__lte=run.due_at).order_by("-due_at").first()
        if before is not None and before.state != Run.State.DONE:
            state = standing(before).word
            yield Message("batch.must-succeed-first", key=key, run=before.pk, state=state)


def _newest_lines(run: Run) -> list[str]:
    rows = run.log.order_by("-pk")[:_LINES]
    return [str(row.text) for row in reversed(rows)]


def _told_to_machines(
    batch: str, written: _DocumentBatch, work: PlannedWork | None, runs: list[Run]
) -> dict[str, object]:
    now = system_clock()
    return {
        "batch": batch,
        "ordered_by": written.citation,
        "why_not": written.why_not.as_output() if written.why_not else None,
        "rule": work.rule if work is not None else "",
        "next_due": work.next_due.isoformat() if work is not None and work.next_due else None,
        "runs": [
            {
                **run_values(run),
                "because": because(run, work, now),
                "waits_for": [each.as_output() for each in _waits_for(run, work)],
            }
            for run in runs
        ],
        "output": [text for run in runs[:1] for text in _newest_lines(run)],
    }
