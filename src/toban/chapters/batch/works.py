"""Batches of the document and their bindings to works of the run ledger. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from toban.chapters.batch.practice import Practice, announced
from toban.design.clauses.batch import Batch, BatchRetry, BatchWatch, Scheduler
from toban.design.reader import Design
from toban.design.values.retry import FailureAction, read_retry
from toban.design.values.schedule import Cadence
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.bindings.model import Bindings, KindBinding
from toban.engine.bindings.section import Section
from toban.engine.calendar.due import is_ever_due
from toban.engine.editions.announcements import managing_role
from toban.engine.registry.kinds import Kinds
from toban.engine.runs.kinds import (
    BATCH_KINDS,
    BATCHES,
    RUNS,
    BatchBinding,
    NotBindable,
    Site,
    WorkKind,
    key_of,
)
from toban.engine.runs.parameters import Parameters
from toban.engine.runs.rules import CatchUp
from toban.engine.runs.work import ElsewhereReporting, Step, Work
from toban.message import NOTHING, Message, message_of


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """What chapter 6 runs, and why it does not run the rest."""

    works: Mapping[str, Work]
    batches: Mapping[str, Batch]
    """The clause of every work."""
    practice: tuple[Practice, ...]
    """What the document says about how all the works are run and watched."""
    unbound: Mapping[str, Message]
    """Clause id → why it does not run."""

    @property
    def rows(self) -> Mapping[str, Message]:
        """See `Plan`."""
        running = (*self.batches.values(), *self.practice)
        return {**{row.id: NOTHING for row in running}, **self.unbound}


def plan(design: Design, bindings: Bindings, kinds: Kinds) -> BatchPlan:
    """Return the works of *design* as *bindings* bind them."""
    all_batches = tuple(design.of(Batch))
    batches: dict[str, Batch] = {}
    for batch in all_batches:
        batches.setdefault(key_of(batch), batch)
    unbound = {batch.id: why for batch in all_batches if (why := _why_unbound(batch, batches, bindings))}
    works: dict[str, Work] = {}
    for key, batch in batches.items():
        if batch.id not in unbound:
            bound, site = BATCHES.of(bindings)[key], Site(batch, design, bindings, kinds)
            try:
                works[key] = work(site, bound.config, kinds.of(BATCH_KINDS)[bound.kind])
            except NotBindable as reason:
                unbound[batch.id] = message_of(reason)
    runs = {key: batches[key] for key in works}
    practice: tuple[Practice, ...] = (*design.of(Scheduler), *design.of(BatchRetry), *design.of(BatchWatch))
    if not works:
        unbound |= {row.id: Message("batch.none-is-bound", file=bindings.file) for row in practice}
    return BatchPlan(works, runs, practice if works else (), unbound)


def work(site: Site, binding: BatchBinding, kind: WorkKind) -> Work:
    """Return the batch as a work with the steps of its kind, due and retried as its row says.

    May raise `NotBindable`. A batch that runs elsewhere is retried there, if at all.
    """
    batch, design = site.batch, site.design
    told = announced(design.of(BatchWatch)) | frozenset(binding.announce)
    if kind.reported is not None:
        return _reported_work(site, binding, kind.reported(binding), told)
    takes = kind.takes(binding)
    _demand_defaults(batch, takes)
    return Work(
        key=key_of(batch),
        clause_id=batch.id,
        document_digest=design.digest,
        acting_digest=site.bindings.acting_digest,
        steps=_with_consent(kind.steps(binding, site), binding, design),
        schedule=batch.schedule,
        system=site.bindings.system,
        catch_up=CatchUp(binding.catch_up),
        timeout=binding.timeout,
        retry_delays=retry_delays(batch, design.of(BatchRetry), RUNS.of(site.bindings).retry_after),
        reruns_next_day=FailureAction.RERUN_NEXT_DAY in batch.on_failure,
        depends_on=binding.depends_on,
        parameters=takes,
        start_grace=binding.start_within,
        expected_within=binding.expected_within,
        mode=binding.mode,
        rerun=binding.rerun,
        asks=_terms(binding, design),
        bound=_as_bound(binding),
        announces_start="start" in told,
        announces_end="end" in told,
    )


def _demand_defaults(batch: Batch, takes: Parameters) -> None:
    """Raise `NotBindable` if a run of the schedule, which nobody orders, would lack a parameter."""
    lacking = [each.name for each in takes or () if each.is_required and not each.default]
    if lacking and batch.schedule.cadence is not Cadence.ON_DEMAND:
        raise NotBindable(Message("batch.parameter-needs-a-default", names=tuple(lacking)))


def _with_consent(steps: tuple[Step, ...], binding: BatchBinding, design: Design) -> tuple[Step, ...]:
    """Return *steps*; the first one needs approval if the binding names somebody for it."""
    if not binding.approval:
        return steps
    return (replace(steps[0], approval=_terms(binding, design), bound=_as_bound(binding)), *steps[1:])


def _terms(binding: BatchBinding, design: Design) -> ApprovalTerms:
    """Return whose approval it takes, if it takes one: by default, the operations manager's."""
    return ApprovalTerms(
        binding.approval or managing_role(design),
        binding.approvers,
        binding.approval_within,
        is_irreversible=binding.irreversible,
        is_time_assumed="approval_within" not in binding.model_fields_set,
    )


def _as_bound(binding: BatchBinding) -> str:
    """Return what is bound, as in the file, without what is only about the approval; secrets by reference."""
    written = {name: getattr(binding, name) for name in sorted(binding.model_fields_set - _ABOUT_APPROVAL)}
    return "  ".join(f"{name} = {_quoted(value)}" for name, value in written.items())


_ABOUT_APPROVAL = {"approval", "approvers", "approval_within", "irreversible", "mode", "rerun"}


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=_as_written)


def _as_written(value: object) -> object:
    if isinstance(value, Section):
        return {name: getattr(value, name) for name in sorted(value.model_fields_set)}
    return str(value)


def _reported_work(
    site: Site, binding: BatchBinding, reported: ElsewhereReporting, told: frozenset[str]
) -> Work:
    return Work(
        key=key_of(site.batch),
        clause_id=site.batch.id,
        document_digest=site.design.digest,
        steps=(),
        schedule=site.batch.schedule,
        system=site.bindings.system,
        timeout=binding.timeout,
        depends_on=binding.depends_on,
        reported=reported,
        start_grace=reported.within,
        expected_within=binding.expected_within,
        announces_start="start" in told,
        announces_end="end" in told,
    )


def retry_delays(batch: Batch, retries: tuple[BatchRetry, ...], unsaid: timedelta) -> tuple[timedelta, ...]:
    """Return the waits before each retry.

    A row that says itself how often (自動リトライ3回) overrides the rule for all batches. Without either, a
    row that says 再実行 is retried once; *unsaid* is the wait where neither names one.
    """
    rule = read_retry(batch.on_failure_text) or (retries[0].rule if retries else None)
    if rule is None:
        return (unsaid,) if FailureAction.RERUN in batch.on_failure else ()
    return rule.waits(unsaid)


def _why_unbound(batch: Batch, batches: Mapping[str, Batch], bindings: Bindings) -> Message:
    key, file = key_of(batch), bindings.file
    if batches[key] is not batch:
        return Message("batch.key-is-taken", key=key)
    binding = BATCHES.of(bindings).get(key)
    if binding is None:
        return Message("batch.not-bound", file=file, section=f"[batches.{key}]", setting='command = ["…"]')
    known = BATCHES.of(bindings).keys() & batches.keys()
    unknown = tuple(each for each in binding.config.depends_on if each not in known)
    if unknown:
        return Message("batch.dependency-is-unknown", names=unknown, file=file)
    if key in set(_behind(key, BATCHES.of(bindings))):
        return Message("batch.dependencies-form-a-circle", file=file)
    is_ordered = batch.schedule.cadence is Cadence.ON_DEMAND
    if not is_ordered and not is_ever_due(batch.schedule, bindings.system):
        return Message("batch.never-due", schedule=batch.schedule.text)
    return NOTHING


def _behind(key: str, batches: Mapping[str, KindBinding[BatchBinding]]) -> Iterator[str]:
    """Yield every batch that must come before *key*, each once."""
    seen: set[str] = set()
    pending = list(batches[key].config.depends_on)
    while pending:
        before = pending.pop()
        if before not in seen:
            seen.add(before)
            yield before
            pending += batches[before].config.depends_on if before in batches else ()
