"""The approvals that steps of runs need: what they bind to, and what is shown."""

from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.requests import ApprovalSubject, live_request
from toban.engine.runs.models import Run
from toban.engine.runs.parameters import written
from toban.engine.runs.rules import BY_ITSELF
from toban.engine.runs.work import Step, Work
from toban.message import Message, plain


def subject_name(run_id: int) -> str:
    """Return the name under which the approvals of a run are asked for."""
    return f"run/{run_id}"


def run_of(request: ApprovalRequest) -> int | None:
    """Return the number of the run that *request* is about; None if it is about something else."""
    kind, _, number = request.subject.partition("/")
    return int(number) if kind == "run" and number.isdecimal() else None


def subject_of(run: Run, work: Work, step: Step) -> ApprovalSubject:
    """Return what *step* of *run* asks approval for: all that decides what it will do."""
    terms = step.approval
    if terms is None:
        raise AssertionError(f"{step.name} needs no approval")
    found = step.found(dict(run.steps.values_list("name", "result")))
    return ApprovalSubject(
        subject=subject_name(run.pk),
        part=step.name,
        title=Message("runs.step-of-run", work=work.key, run=run.pk, step=step.name),
        facts=(
            (Message("runs.fact-batch"), plain(f"{work.key} ({work.timing})")),
            (Message("runs.fact-due"), Message("runs.at", at=run.due_at.astimezone(work.system.zone))),
            (Message("runs.fact-step"), plain(step.name)),
            (Message("runs.fact-parameters"), plain(written(run.parameters))),
            (Message("runs.fact-bound"), plain(step.bound)),
            *found,
            (Message("runs.fact-ordered-by"), _orderer(run)),
            (
                Message("runs.fact-edition"),
                plain(f"{work.document_digest[:12]} / {work.acting_digest[:12]}"),
            ),
        ),
        content={
            "work": work.key,
            "clause": work.clause_id,
            "due": run.due_at.isoformat(),
            "step": step.name,
            "parameters": run.parameters,
            "bound": step.bound,
            **({"found": [[label.as_json(), value.as_json()] for label, value in found]} if found else {}),
            **({"attempt": run.failures} if step.asks_each_time else {}),
        },
        document_digest=work.document_digest,
        acting_digest=work.acting_digest,
        terms=terms,
        page="run",
        page_arguments=(run.pk,),
        clause_id=run.clause_id,
        ordered_by=run.ordered_by,
        orderers=tuple(dict.fromkeys((*run.orderers, *work.behind(run.parameters)))),
    )


def _orderer(run: Run) -> Message:
    return Message(f"runs.by-{run.ordered_by}") if run.ordered_by in BY_ITSELF else plain(run.ordered_by)


def request_of(run: Run) -> ApprovalRequest | None:
    """Return the live request about the run's current step, or None."""
    return live_request(subject_name(run.pk), run.step)
