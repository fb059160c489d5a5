"""What chapter 3 does: fetch logs, keep them as long as the document says, and ship the audit log."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from toban.chapters.logs.audit.shipping import Shipping
from toban.chapters.logs.keeping.archive import ShippedFirst
from toban.chapters.logs.keeping.keeper import keeper_of
from toban.chapters.logs.keeping.places import archive_of, destination_of
from toban.chapters.logs.practice import service as practice
from toban.chapters.logs.pulling.puller import Puller
from toban.chapters.logs.pulling.source import (
    LOG_SOURCE_KINDS,
    LOG_SOURCES,
    LogSourceKind,
    Unfetchable,
)
from toban.chapters.logs.rules import LogRules, rules
from toban.design.clauses.logs import LogFormat, LogKind, LogLevel
from toban.design.clauses.monitoring import ToolChoice
from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.design.values.tool_purpose import ToolPurpose
from toban.engine.bindings.model import KindBinding
from toban.engine.editions.edition import Edition
from toban.engine.notify.delivery.lead import NotLeading
from toban.engine.operation import Declared, EditionLoop, Operation, RowAnswer, WorkerShift, Workplace
from toban.engine.stores.store import STORE_KINDS
from toban.engine.trial import Trial, TrialCode, quote_of
from toban.message import NOTHING, Message, message_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LogChapterPlan:
    """What the document and `[logs]` say about logs; every kind of log is kept."""

    rules: LogRules
    rows: Mapping[str, RowAnswer]
    """See `Plan`."""


def _plan(edition: Edition) -> LogChapterPlan:
    kept = rules(edition.design, edition.bindings)
    design = edition.design
    rows = (*design.of(LogKind), *design.of(LogFormat), *design.of(LogLevel))
    collecting = [row.id for row in design.of(ToolChoice) if row.about is ToolPurpose.LOGS]
    told: dict[str, RowAnswer] = dict.fromkeys(collecting, Declared(Message("logs.kinds-tell-of-tools")))
    return LogChapterPlan(kept, told | {row.id: NOTHING for row in rows})


def _shift(at: Workplace) -> WorkerShift:
    puller = Puller(at.telemetry, at.clock, at.lead.require)
    keeper, shipping = keeper_of(at.telemetry, at.ports), Shipping(at.telemetry)

    def fetch(edition: Edition, _now: datetime) -> None:
        sources, kinds = LOG_SOURCES.of(edition.bindings), edition.kinds.of(LOG_SOURCE_KINDS)
        try:
            puller.step(sources, kinds, edition.plan(OPERATION).rules)
        except NotLeading:
            log.info("fetching_left_to_another")

    def keep(edition: Edition, now: datetime) -> None:
        kept, stores = edition.plan(OPERATION).rules, edition.kinds.of(STORE_KINDS)
        archive = archive_of(edition.bindings, stores, at.telemetry)
        to = destination_of(edition.bindings, stores)
        outside = None
        if to is not None:
            # Before old days of the audit log are deleted.
            outside = shipping.step(kept, to, now)
            archive = ShippedFirst(archive, outside.trouble)
        keeper.step(kept, now, edition.design.digest, archive, outside)

    def compare(edition: Edition, now: datetime) -> None:
        kept = edition.plan(OPERATION).rules
        practice.look(at.telemetry, edition.design, kept, edition.bindings.file, now)

    loops = (
        EditionLoop("fetch-logs", fetch, every=2.0, leads=True),
        # Only the leader sends notifications, so it must be the one that finds trouble. A chain also has one
        # end.
        EditionLoop("retention", keep, every=60.0, leads=True),
        EditionLoop("log-practice", compare, every=60.0, leads=True),
    )
    return WorkerShift(loops)


def _costs(edition: Edition) -> Iterator[Finding]:
    """Yield what others charge for the logs fetched from them."""
    kinds, file = edition.kinds.of(LOG_SOURCE_KINDS), edition.bindings.file
    for name, bound in LOG_SOURCES.of(edition.bindings).items():
        yield Finding(
            TrialCode.COST,
            FindingLevel.INFO,
            Origin(file, bound.line),
            Message("logs.cost-of-source", source=name, cost=kinds[bound.kind].cost(bound.config)),
            quote_of("log_sources", name, bound),
            Message("logs.leave-out-lines"),
        )


def _trials(edition: Edition, now: datetime) -> Iterator[Trial]:
    kinds = edition.kinds.of(LOG_SOURCE_KINDS)
    for name, bound in LOG_SOURCES.of(edition.bindings).items():
        yield Trial(
            TrialCode.SOURCE,
            Message("logs.source", source=name),
            Origin(edition.bindings.file, bound.line),
            quote_of("log_sources", name, bound),
            partial(_doubts, kinds[bound.kind], bound, now),
            Message("logs.check-source-access"),
        )


def _doubts(kind: LogSourceKind, bound: KindBinding[Any], now: datetime) -> Iterator[Message]:
    """Fetch the first page of the last minute."""
    source = kind.build(bound.config)
    until = int(now.timestamp() * 1000)
    try:
        next(source.events(until - 60_000, until), None)
    except Unfetchable as error:
        yield message_of(error)
    finally:
        source.close()


OPERATION = Operation(plan=_plan, shift=_shift, foreseen=_costs, trials=_trials)
