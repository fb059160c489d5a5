"""A batch of the document: a cleanup deletes by its own rules, and keeps what retention keeps."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from toban.chapters.incident.bindings import RemedyBinding
from toban.chapters.incident.remedies.remedy import Rehearsal, RemedyFailed, RemedyKind, RemedySite
from toban.engine.orders import NotPossible
from toban.engine.runs.kinds import BATCH_KINDS, BATCHES
from toban.engine.runs.parameters import choices, filled, why_refused
from toban.engine.runs.work import RunTurn
from toban.engine.trial import Doubt
from toban.message import Message

if TYPE_CHECKING:
    from toban.chapters.incident.remedies.ordered import OrderedRun


class BatchRemedy(RemedyBinding):
    """`kind = "batch"`: a run of a bound batch, besides its schedule."""

    example: ClassVar[Mapping[str, str | Sequence[str]]] = {"batch": "B003"}

    batch: str = Field(min_length=1, max_length=200)
    """The `[batches.ID]`."""
    parameters: Mapping[str, str] = {}
    """The parameters of the run, as for `toban run ID --set`."""


@dataclass(frozen=True, slots=True)
class OrderedBatch:
    """See `Remedy`."""

    config: BatchRemedy
    name: str

    def rehearse(self, _turn: RunTurn) -> Rehearsal:
        """See `Remedy`: what the batch deletes it decides when it runs."""
        self.require()
        return Rehearsal(Message("incident-remedies.would-run-batch", batch=self.config.batch))

    def apply(self, turn: RunTurn, _facts: Mapping[str, object]) -> Message:
        """See `Remedy`."""
        return self._run().carry_out(self.config.parameters, turn)

    def require(self) -> None:
        """Raise `RemedyFailed` if the batch takes no such order."""
        from toban.engine.runs import orders  # noqa: PLC0415 - its tables need Django ready

        try:
            orders.orderable(self.config.batch, self.config.parameters)
        except NotPossible as refused:
            raise RemedyFailed(refused.said, hint=refused.hint) from refused

    def _run(self) -> "OrderedRun":
        from toban.chapters.incident.remedies.ordered import OrderedRun  # noqa: PLC0415

        return OrderedRun(self.config.batch, self.name)


def _open(config: BatchRemedy, site: RemedySite) -> OrderedBatch:
    return OrderedBatch(config, site.name)


def _doubts(config: BatchRemedy, site: RemedySite) -> Iterable[Doubt]:
    """Judge by the bindings: the ledger knows a batch only once Toban has run."""
    batch = BATCHES.of(site.edition.bindings).get(config.batch)
    if batch is None:
        yield Message("incident-remedies.no-such-batch", batch=config.batch), Message("runs.bind-a-batch")
        return
    takes = site.edition.kinds.of(BATCH_KINDS)[batch.kind].takes(batch.config)
    if why := why_refused(filled(config.parameters, takes), takes):
        yield why, choices(takes)
    if batch.config.approval:
        said = Message("incident-remedies.batch-asks", batch=config.batch, role=batch.config.approval)
        yield said, Message("incident-remedies.let-the-remedy-ask")


def _bound(config: BatchRemedy) -> str:
    given = "".join(f" {name}={value}" for name, value in config.parameters.items())
    return f"batches.{config.batch}{given}"


KIND = RemedyKind(config=BatchRemedy, open=_open, doubts=_doubts, bound=_bound)
