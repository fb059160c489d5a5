"""A worker: the loops of all extensions, and the common loops that they need, in one process."""

import os
import socket
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial, wraps

import structlog
from django.conf import settings
from django.db import DatabaseError, Error, close_old_connections, connections, transaction

from toban.engine.clock import Clock
from toban.engine.editions import records
from toban.engine.editions.edition import Edition, EditionRefusal
from toban.engine.editions.review import RecordedReview
from toban.engine.editions.shared import StateDatabase, put_in_force
from toban.engine.editions.standing import standing
from toban.engine.evidence import ledger, status
from toban.engine.loops import Hindered, Loop
from toban.engine.nodes.beating import NodeBeat
from toban.engine.notify.delivery.lead import BEAT, Lead
from toban.engine.operation import EditionLoop, Workplace, rows_of, running_works, works_of
from toban.engine.registry.parts import Parts
from toban.engine.runs.service import Runs
from toban.engine.state.reach import STATE
from toban.engine.supervision.home import in_force_folder
from toban.engine.telemetry.buffer import SampleBuffer
from toban.engine.telemetry.output import OutputBuffer
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable, Telemetry
from toban.engine.timekeeping.timekeeper import Timekeeper, clock_of_database

_STANDING_LASTS = timedelta(minutes=10)
_SELDOM = 10.0
"""Seconds: SQLite's copy of the tables' definitions is half a MB of each connection, and read in 2 ms."""

log = structlog.get_logger(__name__)


class Worker:
    """Everything that one worker does, as loops. Create one per process."""

    def __init__(self, parts: Parts, *, clock: Clock) -> None:
        self._parts = parts
        self._clock = clock
        self._operations = parts.operations
        self._rows_of = partial(rows_of, operations=self._operations)
        works = partial(running_works, operations=self._operations)
        self._review = RecordedReview(self._rows_of, works, clock)
        self._shared = StateDatabase(in_force_folder(settings.HOME))
        self._in_force = parts.in_force(
            in_force_folder(settings.HOME), review=self._review, shared=self._shared
        )
        self._recorded = self._in_force.last_kept()
        self._news: Edition | EditionRefusal | None = None
        self._telemetry = Telemetry(os.environ["TOBAN_TELEMETRY_URL"])
        self._samples = SampleBuffer(self._telemetry)
        self._output = OutputBuffer(self._telemetry)
        holder = f"{socket.gethostname()}/{os.getpid()}"
        self._lead = Lead(holder)
        self._timekeeper = Timekeeper(settings.HOME, clock, clock_of_database())
        self._node = NodeBeat("worker", self._in_force, self._timekeeper)
        self._runs = Runs(
            holder,
            clock,
            most=settings.RUNS_AT_ONCE,
            output=self._output,
            trusts=self._timekeeper.trusts,
        )
        at = Workplace(clock, self._telemetry, self._samples, self._lead, parts.kinds, parts.ports)
        self._shifts = [operation.shift(at) for operation in self._operations]
        self._run: Edition | None = None
        self._stood: tuple[Edition, datetime] | None = None

    def loops(self) -> Sequence[Loop]:
        """Return the loops; each step is safe to repeat at any time."""
        return (
            Loop("reload", with_state(self._reload), every=2.0),
            Loop("lead", with_state(self._beat), every=BEAT),
            Loop("node", with_state(self._node.beat), every=1.0),
            # It waits by itself and keeps its connection: a due run should not wait for either.
            Loop("runs", _without_state_later(self._step_runs), every=0.005),
            Loop("standing", with_state(self._show_standing), every=2.0),
            Loop("store", self._store, every=1.0),
            Loop("output", self._store_output, every=1.0),
            *(self._loop(each) for shift in self._shifts for each in shift.loops),
        )

    def close(self) -> None:
        """Store what is still waiting, as far as the store accepts it, and release everything."""
        self._let_go()
        self._node.leave()
        self._runs.close()
        for shift in self._shifts:
            shift.close()
        flushed = self._samples.flush(self._clock(), everything=True)
        if flushed.trouble:
            log.warning("samples_lost", count=self._samples.pending, reason=flushed.trouble)
        self._store_output()
        self._telemetry.close()

    def _loop(self, of: EditionLoop) -> Loop:
        def step() -> None:
            edition, now = self._in_force.edition, self._clock()
            if of.needs_state and not self._timekeeper.trusts(now):
                return
            if edition is not None and (self._lead.term is not None or not of.leads):
                of.step(edition, now)

        return Loop(of.name, with_state(step, of.every) if of.needs_state else step, of.every)

    def _beat(self) -> None:
        self._timekeeper.compare()
        self._lead.beat(may_lead=self._timekeeper.trusts(self._clock()))
        STATE.find()

    def _let_go(self) -> None:
        try:
            self._lead.release()
        except DatabaseError as error:
            # The other workers find out by themselves.
            log.warning("lead_not_released", reason=str(error))

    def _reload(self) -> None:
        # What the state database could not take is recorded by the next call.
        self._news = self._in_force.refresh() or self._news
        # Evidence with a wrong time could never be corrected.
        if not self._timekeeper.trusts(self._clock()):
            return
        match self._news:
            case Edition() as edition:
                if not self._record_edition(edition):
                    # Another node was faster: the next look follows it.
                    self._news = None
                    return
            case EditionRefusal() as refusal:
                word = "edition_refused" if refusal.awaits is None else "edition_waits"
                log.error(word, file=refusal.file, reason=refusal.reason)
                records.record_refusal(self._in_force.edition, refusal, self._rows_of, self._clock())
            case None:
                return
        self._news = None
        # After the evidence: a worker killed in between finds the former edition here, and the new one there.
        self._in_force.keep()

    def _record_edition(self, edition: Edition) -> bool:
        """Record that *edition* is in force; return whether it is, for all nodes."""
        log.info("edition_in_force", document=edition.design.document, digest=edition.design.digest)
        for finding in self._parts.findings(edition.design, edition.bindings):
            log.warning(
                "bindings_doubtful", code=finding.code, at=str(finding.origin), reason=finding.message
            )
        if not (self._in_force.is_from_elsewhere or self._record_and_share(edition)):
            return False
        self._recorded = edition
        return True

    def _record_and_share(self, edition: Edition) -> bool:
        gate = self._review.gate_of(edition)
        with transaction.atomic():
            ledger.hold()
            shared = self._shared.digests()
            if shared != self._in_force.followed and not self._shared.is_put_back:
                # Another node was faster, perhaps with this very edition.
                return shared == edition.digests
            number = put_in_force(
                self._recorded,
                edition,
                self._in_force.sources,
                self._rows_of,
                self._clock(),
                gate=gate,
                seen=self._shared.seen(),
            )
        self._shared.note(number)
        return True

    def _step_runs(self) -> None:
        edition = self._in_force.edition
        if edition is not None and edition is not self._run:
            self._runs.adopt(works_of(edition, self._operations))
            self._run = edition
        self._runs.step()

    def _show_standing(self) -> None:
        """Show the rows that nothing runs for: when an edition comes into force, and as due times pass."""
        edition, now = self._in_force.edition, self._clock()
        # `abs`: the last time may lie in the future, as a clock may have been set back.
        is_recent = self._stood is not None and abs(now - self._stood[1]) < _STANDING_LASTS
        if not self._timekeeper.trusts(now):
            return
        if edition is None or (self._stood is not None and edition is self._stood[0] and is_recent):
            return
        status.show(list(standing(edition, self._rows_of(edition), now)), now, edition.design.digest)
        self._stood = edition, now

    def _store(self) -> None:
        """Send samples to the store; while it is unavailable they wait, and nothing else does."""
        try:
            self._telemetry.ensure_schema()
            trouble = self._samples.flush(self._clock()).trouble
        except StoreUnavailable as error:
            trouble = str(error)
        if trouble:
            log.warning("samples_waiting", count=self._samples.pending, reason=trouble)

    def _store_output(self) -> None:
        """Send the output of runs to the store."""
        try:
            if self._output.pending:
                self._telemetry.ensure_schema()
                self._output.flush()
        except StoreUnavailable as error:
            log.warning("output_waiting", count=self._output.pending, reason=str(error))
        except StoreRefused as error:
            self._output.give_up_batch()
            log.warning("output_lost", count=self._output.dropped, reason=str(error))


def with_state(step: Callable[[], None], every: float = 0) -> Callable[[], None]:
    """Reconnect a loop to the state database after the database was unavailable.

    A loop that steps seldom, *every* so many seconds, keeps no connection between its steps.
    """
    leave = connections.close_all if every >= _SELDOM else close_old_connections

    hindered = _without_state_later(step)

    @wraps(step)
    def guarded() -> None:
        close_old_connections()
        try:
            hindered()
        finally:
            leave()

    return guarded


def _without_state_later(step: Callable[[], None]) -> Callable[[], None]:
    """Return *step*, which is `Hindered` while the database is away: all loops together say so once."""

    @wraps(step)
    def hindered() -> None:
        try:
            step()
        except Error as error:
            if STATE.explains(error):
                raise Hindered from error
            raise

    return hindered
