"""Works and runs by the API."""

from itertools import islice
from typing import Any

from django.http import Http404, HttpRequest
from ninja import Query, Schema
from pydantic import Field

from toban.engine.runs import orders
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.output.written import whole_log
from toban.engine.runs.parameters import Parameter, ParameterKind, read
from toban.engine.telemetry.present import telemetry
from toban.faces.api import cursors
from toban.faces.api.access import token_of
from toban.faces.api.acting import ordered
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import Asked, IdempotencyKey, Number, Part, Said, Text, Turn, Why
from toban.faces.values.runs import run_values

router = ScopedRouter()


class ShownParameter(Schema):
    """A parameter that an order of a run may give."""

    name: str
    purpose: Said
    kind: ParameterKind
    choices: list[str]
    least: str
    most: str
    default: str
    is_required: bool


class ShownWork(Schema):
    """A work that the document requires."""

    work: str
    clause: str
    timing: str
    next_due: str | None
    depends_on: list[str]
    is_reported: bool
    parameters: list[ShownParameter] | None
    """None: a run takes any name."""


class ShownRun(Schema):
    """A run."""

    run: int
    work: str
    due_at: str
    state: Run.State
    reason: str
    note: Said
    ordered_by: str
    parameters: dict[str, str]
    failures: int
    began_at: str | None
    ended_at: str | None
    wake_at: str
    step: str
    progress_percent: float | None
    progress_text: Said


class ShownLine(Schema):
    """A line that a run wrote."""

    at: str
    step: str
    text: str


class WantedRun(Asked):
    """A run outside the schedule."""

    work: Text
    parameters: dict[Text, Text] = Field({}, max_length=100)


class WantedSkip(Why):
    """The next run of a work that is to be left out."""

    work: Text


class WantedRepetition(Asked):
    """Where to begin again."""

    from_step: Text | None = None
    """After the last finished step, unless this names one."""


@router.read("/works", "read:runs", Part[ShownWork])
def works(request: HttpRequest, turn: Query[Turn]) -> Any:
    """List the works that the document requires, by key."""
    after = cursors.position(request, turn)
    known = PlannedWork.objects.filter(in_force=True).order_by("key")
    found = known if after is None else known.filter(key__gt=after)
    return cursors.part(request, turn, found[: turn.limit + 1], _work, lambda work: work.key)


@router.read("/runs", "read:runs", Part[ShownRun])
def runs(request: HttpRequest, turn: Query[Turn], work: Text = "", state: Run.State | None = None) -> Any:
    """List runs, newest first."""
    asked = {"work": work, "state": state}
    found = Run.objects.filter(**{name: value for name, value in asked.items() if value})
    return cursors.newest(request, turn, found, run_values)


@router.read("/runs/{run_id}", "read:runs", ShownRun)
def run(request: HttpRequest, run_id: Number) -> Any:
    """Return one run by its number."""
    del request
    return run_values(_run(run_id))


@router.read("/runs/{run_id}/log", "read:runs", Part[ShownLine])
def log(request: HttpRequest, run_id: Number, turn: Query[Turn]) -> Any:
    """List what a run wrote, oldest first."""
    start = cursors.position(request, turn) or 0
    lines = islice(whole_log(_run(run_id), telemetry()), start, start + turn.limit + 1)
    found = [
        (number, {"at": line.at.isoformat(), "step": line.step, "text": str(line.text)})
        for number, line in enumerate(lines, start + 1)
    ]
    return cursors.part(request, turn, found, lambda each: each[1], lambda each: each[0])


@router.act("/runs", "act:runs", ShownRun, status=201)
def order(request: HttpRequest, wanted: WantedRun, key: IdempotencyKey) -> Any:
    """Have a work run now, outside its schedule."""
    return ordered(
        request,
        key,
        lambda by, now: run_values(
            orders.order(
                wanted.work,
                wanted.parameters,
                by=by,
                now=now,
                account=token_of(request).operator,
                token_maker=token_of(request).shell_user,
            )
        ),
    )


@router.act("/works/skip", "act:runs", ShownRun)
def skip(request: HttpRequest, wanted: WantedSkip, key: IdempotencyKey) -> Any:
    """Leave out a work's waiting run, or else its next due time."""
    return ordered(
        request, key, lambda by, now: run_values(orders.skip(wanted.work, wanted.reason, by=by, now=now))
    )


@router.act("/runs/{run_id}/cancel", "act:runs", ShownRun)
def cancel(request: HttpRequest, run_id: Number, key: IdempotencyKey) -> Any:
    """Cancel a waiting or running run."""
    work = _run(run_id).work
    return ordered(
        request, key, lambda by, now: run_values(orders.cancel(work, by=by, now=now, run_id=run_id))
    )


@router.act("/runs/{run_id}/again", "act:runs", ShownRun)
def again(request: HttpRequest, run_id: Number, wanted: WantedRepetition, key: IdempotencyKey) -> Any:
    """Repeat an ended run."""
    work = _run(run_id).work
    return ordered(
        request,
        key,
        lambda by, now: run_values(
            orders.again(
                work,
                run_id,
                wanted.from_step,
                by=by,
                now=now,
                account=token_of(request).operator,
                token_maker=token_of(request).shell_user,
            )
        ),
    )


def _run(run_id: int) -> Run:
    found = Run.objects.filter(pk=run_id).first()
    if found is None:
        raise Http404
    return found


def _work(work: PlannedWork) -> dict[str, object]:
    return {
        "work": work.key,
        "clause": work.clause_id,
        "timing": work.timing,
        "next_due": work.next_due.isoformat() if work.next_due else None,
        "depends_on": work.depends_on,
        "is_reported": work.is_reported,
        "parameters": None if (takes := read(work.parameters)) is None else list(map(_parameter, takes)),
    }


def _parameter(parameter: Parameter) -> dict[str, object]:
    return {
        "name": parameter.name,
        "purpose": parameter.purpose.as_output(),
        "kind": parameter.kind,
        "choices": list(parameter.choices),
        "least": parameter.least,
        "most": parameter.most,
        "default": parameter.default,
        "is_required": parameter.is_required,
    }
