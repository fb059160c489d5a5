"""The worker's loops: the chapters and the engine's parts, put together for one process."""

import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from threading import Thread

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections

from toban.chapters.backup import works as backup_works
from toban.chapters.backup.drills import routine as drills
from toban.chapters.backup.drills.routine import DrillPlan
from toban.chapters.backup.followers import Followers
from toban.chapters.backup.service import Backups
from toban.chapters.backup.works import BackupPlan
from toban.chapters.batch import works as batch_works
from toban.chapters.batch.service import Batches
from toban.chapters.batch.works import BatchPlan
from toban.chapters.errors import service as errors
from toban.chapters.logs.audit.shipping import Shipping
from toban.chapters.logs.keeping.archive import ShippedFirst
from toban.chapters.logs.keeping.keeper import agreed_to, held_by
from toban.chapters.logs.keeping.undisturbed import undisturbed
from toban.chapters.logs.pulling.puller import Puller
from toban.chapters.logs.rules import rules as log_rules
from toban.chapters.monitoring.board import Board
from toban.chapters.monitoring.feeds import Plan, plan
from toban.chapters.monitoring.service import Monitoring
from toban.chapters.objectives import detection, publishing, sli
from toban.chapters.objectives.service import Objectives
from toban.chapters.objectives.sli import LevelPlan
from toban.design.clauses.backup import BackupPolicy, RecoveryObjective
from toban.design.clauses.base import Clause
from toban.design.clauses.batch import Batch, BatchRetry, BatchWatch, Scheduler
from toban.design.clauses.logs import LogKind
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.notices import NotificationRule
from toban.design.clauses.objectives import DutyRole, Objective, ServiceHours
from toban.engine.bindings.doubts import binding_findings
from toban.engine.bindings.inforce import Edition, Refusal
from toban.engine.bindings.standing import standing
from toban.engine.clock import Clock
from toban.engine.evidence import ledger, status
from toban.engine.evidence.models import LedgerEntry
from toban.engine.loops import Loop
from toban.engine.notify import pipeline
from toban.engine.notify.delivery import lifeline, outbox
from toban.engine.notify.delivery.channel import Channel
from toban.engine.notify.delivery.heartbeat import Heartbeat
from toban.engine.notify.delivery.lead import BEAT, Lead, NotLeading
from toban.engine.notify.delivery.lifeline import Lifeline
from toban.engine.notify.routing.contacts import contacts_of
from toban.engine.runs.service import Runs
from toban.engine.telemetry.buffer import SampleBuffer
from toban.engine.telemetry.logs.words import ERROR
from toban.engine.telemetry.output import OutputBuffer
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable, Telemetry
from toban.faces.cli.logs.archive import archive_of, destination_of
from toban.faces.cli.logs.keeper import keeper_of
from toban.faces.cli.parts import Parts

RUNNING: tuple[type[Clause], ...] = (
    Monitor,
    NotificationRule,
    Batch,
    BatchRetry,
    BatchWatch,
    Scheduler,
    BackupPolicy,
    RecoveryObjective,
    LogKind,
    Objective,
    DutyRole,
    ServiceHours,
)
"""Clauses whose status their own chapter or stage keeps."""

_STANDING_LASTS = timedelta(minutes=10)

log = structlog.get_logger(__name__)


class Work:
    """Everything that the worker does, as loops. Make one per process."""

    def __init__(self, parts: Parts, *, clock: Clock) -> None:
        self._parts = parts
        self._clock = clock
        self._in_force = parts.in_force(settings.HOME / "in-force")
        self._telemetry = Telemetry(os.environ["TOBAN_TELEMETRY_URL"])
        self._buffer = SampleBuffer(self._telemetry)
        holder = f"{socket.gethostname()}/{os.getpid()}"
        self._lead = Lead(holder)
        board = Board(parts.source_kinds, clock, parts.discovery_kinds)
        self._monitoring = Monitoring(board, self._buffer, self._lead.require)
        self._output = OutputBuffer(self._telemetry)
        self._runs = Runs(holder, clock, most=settings.RUNS_AT_ONCE, output=self._output)
        self._batches = Batches(clock)
        self._backups = Backups(clock, self._buffer.add)
        self._followers = Followers(clock)
        self._objectives = Objectives(self._telemetry)
        self._keeper = keeper_of(self._telemetry)
        self._puller = Puller(self._telemetry, clock, self._lead.require)
        self._shipping = Shipping(self._telemetry)
        self._batched: Edition | None = None
        self._measured: Edition | None = None
        self._term: int | None = None
        self._stood: Edition | None = None
        self._announced: Edition | None = None
        self._looked_at: datetime | None = None
        self._pulse = 0
        self._lifeline = Lifeline()
        self._heartbeat = Heartbeat()
        self._stood_at: datetime | None = None
        self._posts = _Posts(parts, clock, self._lead.require)

    def loops(self) -> Sequence[Loop]:
        """Return the loops; each step is safe to repeat at any time."""
        return (
            Loop("reload", _with_state(self._reload), every=2.0),
            Loop("lead", _with_state(self._take_turns), every=BEAT),
            Loop("measure", _with_state(self._measure), every=0.5),
            # Waits by itself, and keeps its connection: a due run should not wait for either.
            Loop("runs", self._run, every=0.01),
            Loop("batch-status", _with_state(self._batches.tell), every=2.0),
            Loop("backup-status", _with_state(self._backups.tell), every=5.0),
            Loop("backup-look", _with_state(self._backups.look), every=60.0),
            Loop("levels", _with_state(self._count_levels), every=60.0),
            Loop("retention", _with_state(self._keep_logs), every=60.0),
            Loop("fetch-logs", _with_state(self._fetch_logs), every=2.0),
            Loop("errors", _with_state(self._tell_errors), every=2.0),
            Loop("error-rows", _with_state(self._keep_errors), every=60.0),
            Loop("standing", _with_state(self._show_standing), every=2.0),
            Loop("announce", _with_state(self._announce), every=0.5),
            Loop("deliver", _with_state(self._deliver), every=1.0),
            Loop("heartbeat", self._beat, every=5.0),
            # Without the state database: it may be what is away.
            Loop("lifeline", self._watch_pipeline, every=lifeline.EVERY),
            Loop("store", self._store, every=1.0),
            Loop("output", self._store_output, every=1.0),
        )

    def close(self) -> None:
        """Store what still waits, as far as the store takes it, and let go of everything."""
        self._let_go()
        self._runs.close()
        self._followers.close()
        self._monitoring.close()
        flushed = self._buffer.flush(self._clock(), everything=True)
        if flushed.trouble:
            log.warning("samples_lost", count=self._buffer.pending, reason=flushed.trouble)
        self._store_output()
        self._telemetry.close()

    def _let_go(self) -> None:
        try:
            self._lead.release()
        except DatabaseError as error:
            # The others find out by themselves.
            log.warning("lead_not_released", reason=str(error))

    def _reload(self) -> None:
        match self._in_force.refresh():
            case Edition() as edition:
                self._record_edition(edition)
            case Refusal() as refusal:
                log.error("edition_refused", file=refusal.file, reason=refusal.reason)
                self._record({"refused": refusal.file, "reason": refusal.reason}, refusal.digest)
            case None:
                pass

    def _record_edition(self, edition: Edition) -> None:
        log.info("edition_in_force", document=edition.design.document, digest=edition.design.digest)
        for finding in binding_findings(edition.design, edition.bindings):
            log.warning(
                "bindings_doubtful", code=finding.code, at=str(finding.origin), reason=finding.message
            )
        content = {
            "in_force": edition.design.document,
            "bindings": edition.bindings.digest,
            "clauses": len(edition.design.clauses),
            "unread": len(edition.design.unread),
        }
        if not _is_latest_record(edition):
            self._record(content, edition.design.digest)

    def _record(self, content: dict[str, object], digest: str) -> None:
        ledger.append(
            ledger.Record(LedgerEntry.Kind.DOCUMENT, content, document_digest=digest), now=self._clock()
        )

    def _measure(self) -> None:
        edition, term, now = self._in_force.edition, self._lead.term, self._clock()
        if term != self._term:
            # Whoever led meanwhile has gone on: what counts is what stands in the tables.
            self._monitoring.leave()
            self._term, self._measured = term, None
        if edition is None or term is None:
            return
        if edition is not self._measured:
            self._monitoring.adopt(self._plan(edition), edition.design.digest, now)
            self._measured = edition
        self._monitoring.step(now)

    def _run(self) -> None:
        edition = self._in_force.edition
        if edition is not None and edition is not self._batched:
            batches, backups = self._batch_plan(edition), self._backup_plan(edition)
            rehearsals = self._drill_plan(edition)
            self._runs.adopt({**batches.works, **backups.works, **rehearsals.works})
            self._backups.adopt(backups, edition.bindings.system, edition.design.digest)
            self._followers.adopt(backups, edition.design.digest)
            self._batches.adopt(batches, edition.design.digest)
            self._batched = edition
        self._runs.step()

    def _show_standing(self) -> None:
        """Show what no chapter speaks for: when an edition comes into force, and as due times pass."""
        edition, now = self._in_force.edition, self._clock()
        # Not from a time to come either: a clock may have been set back.
        is_recent = self._stood_at is not None and abs(now - self._stood_at) < _STANDING_LASTS
        if edition is None or (edition is self._stood and is_recent):
            return
        unbound = {
            **self._plan(edition).unbound,
            **self._batch_plan(edition).unbound,
            **self._backup_plan(edition).unbound,
        }
        rehearsals = self._drill_plan(edition)
        unbound |= {**self._level_plan(edition).unbound, **rehearsals.unbound}
        kept = {decision.id for decision, _ in detection.promises(edition.design)}
        kept |= rehearsals.kept | errors.kept_rows(edition.design, edition.bindings)
        updates = [*standing(edition, unbound, RUNNING, now, kept), *drills.standing(rehearsals, now)]
        status.show(updates, now, edition.design.digest)
        self._stood, self._stood_at = edition, now

    def _plan(self, edition: Edition) -> Plan:
        return plan(edition.design, edition.bindings, self._parts.source_kinds)

    def _batch_plan(self, edition: Edition) -> BatchPlan:
        return batch_works.plan(edition.design, edition.bindings, self._parts.work_kinds)

    def _level_plan(self, edition: Edition) -> LevelPlan:
        return sli.plan(edition.design, edition.bindings)

    def _fetch_logs(self) -> None:
        edition = self._in_force.edition
        if edition is None or self._lead.term is None:
            return
        rules = log_rules(edition.design, edition.bindings)
        try:
            self._puller.step(edition.bindings.log_sources, self._parts.log_source_kinds, rules)
        except NotLeading:
            log.info("fetching_left_to_another")

    def _keep_logs(self) -> None:
        edition, now = self._in_force.edition, self._clock()
        # Whoever leads tells of trouble, and so must be who meets it; and a chain has one end.
        if edition is None or self._lead.term is None:
            return
        rules = log_rules(edition.design, edition.bindings)
        archive = archive_of(edition.bindings, self._parts.store_kinds, self._telemetry)
        to = destination_of(edition.bindings, self._parts.store_kinds)
        outside = None
        if to is not None:
            # Before the audit log's old days go.
            outside = self._shipping.step(rules, to, now)
            archive = ShippedFirst(archive, outside.trouble)
        self._keeper.step(rules, now, edition.design.digest, archive, outside)

    def _tell_errors(self) -> None:
        edition = self._in_force.edition
        if edition is not None:
            errors.tell(edition.design, self._clock())

    def _keep_errors(self) -> None:
        edition, now = self._in_force.edition, self._clock()
        if edition is not None:
            errors.show(edition.design, edition.bindings, now)
            agreed = agreed_to(ERROR, log_rules(edition.design, edition.bindings))
            with undisturbed():
                errors.forget(edition.design, now, is_held=held_by(ERROR) != "", agreed=agreed)

    def _count_levels(self) -> None:
        edition = self._in_force.edition
        if edition is not None:
            plan = self._level_plan(edition)
            digest = edition.design.digest
            # At the very first start nobody has made the tables yet; a store that is away is told below.
            with suppress(StoreUnavailable):
                self._telemetry.ensure_schema()
            self._objectives.step(plan, edition.design, edition.bindings, self._clock(), digest)
            publishing.look(self._telemetry, edition.design, edition.bindings, self._clock())

    def _drill_plan(self, edition: Edition) -> DrillPlan:
        return drills.plan(edition.design, edition.bindings, self._backup_plan(edition).sources)

    def _backup_plan(self, edition: Edition) -> BackupPlan:
        return backup_works.plan(
            edition.design, edition.bindings, self._parts.backup_kinds, clock=self._clock
        )

    def _announce(self) -> None:
        edition = self._in_force.edition
        if edition is not None and self._lead.term is not None:
            contacts = contacts_of(edition.bindings, self._parts.transports, settings.PUBLIC_URL)
            is_new = edition is not self._announced
            pipeline.announce(edition.design, contacts, self._clock(), everything=is_new)
            self._announced = edition
            self._looked_at = self._clock()
            self._pulse += 1

    def _take_turns(self) -> None:
        self._lead.beat()
        if self._lead.term is None:
            # Another worker leads, and could be seen to: what it does is no concern of this one's.
            self._pulse += 1

    def _watch_pipeline(self) -> None:
        edition = self._in_force.edition
        if edition is not None:
            contacts = contacts_of(edition.bindings, self._parts.transports, settings.PUBLIC_URL)
            bound = edition.bindings.channels
            self._lifeline.look(
                edition.design,
                contacts,
                lambda name: self._parts.transports[bound[name].kind].build(bound[name].config),
                self._pulse,
                self._clock(),
            )

    def _beat(self) -> None:
        edition = self._in_force.edition
        # While nobody leads nobody is told anything: then no sign of life may go out either.
        if self._lead.term is None:
            return
        if edition is not None and edition.bindings.heartbeat is not None:
            self._heartbeat.beat(edition.bindings.heartbeat, self._looked_at, self._clock())

    def _deliver(self) -> None:
        edition = self._in_force.edition
        if edition is not None and self._lead.term is not None:
            self._posts.adopt(edition)
            self._posts.send()

    def _store(self) -> None:
        """Send samples on; while the store is away they wait, and nothing else does."""
        try:
            self._telemetry.ensure_schema()
            trouble = self._buffer.flush(self._clock()).trouble
        except StoreUnavailable as error:
            trouble = str(error)
        if trouble:
            log.warning("samples_waiting", count=self._buffer.pending, reason=trouble)

    def _store_output(self) -> None:
        """Send on what runs wrote."""
        try:
            if self._output.pending:
                self._telemetry.ensure_schema()
                self._output.flush()
        except StoreUnavailable as error:
            log.warning("output_waiting", count=self._output.pending, reason=str(error))
        except StoreRefused as error:
            self._output.give_up_batch()
            log.warning("output_lost", count=self._output.dropped, reason=str(error))


@dataclass(slots=True)
class _Post:
    """A channel, and the thread that is sending through it now."""

    channel: Channel
    per_turn: int
    """How many messages it takes in a turn of the loop, which is a second."""
    thread: Thread | None = None

    @property
    def is_busy(self) -> bool:
        return self.thread is not None and self.thread.is_alive()


class _Posts:
    """The channels of the edition in force, each sending in a thread of its own: none waits for another."""

    def __init__(self, parts: Parts, clock: Clock, permit: Callable[[], None]) -> None:
        self._parts = parts
        self._clock = clock
        self._permit = permit
        self._edition: Edition | None = None
        self._posts: dict[str, _Post] = {}

    def adopt(self, edition: Edition) -> None:
        if edition is self._edition:
            return
        self._edition = edition
        # Through a channel one thread sends at a time, be it one of an edition before.
        sending = {name: post.thread for name, post in self._posts.items() if post.is_busy}
        self._posts = {}
        for name, bound in edition.bindings.channels.items():
            transport = self._parts.transports[bound.kind]
            self._posts[name] = _Post(transport.build(bound.config), transport.per_turn, sending.get(name))

    def send(self) -> None:
        for name, post in self._posts.items():
            if not post.is_busy:
                post.thread = Thread(target=self._through, args=(name, post), daemon=True)
                post.thread.start()

    def _through(self, name: str, post: _Post) -> None:
        try:
            outbox.deliver_due(name, post.channel, clock=self._clock, most=post.per_turn, permit=self._permit)
        except NotLeading:
            log.info("sending_left_to_another", channel=name)
        except Exception:
            # The thread's own boundary: the next turn tries again.
            log.exception("delivering_failed", channel=name)
        finally:
            connections.close_all()


def _is_latest_record(edition: Edition) -> bool:
    """Whether the ledger's last word on documents is this very edition: a restart is no new version."""
    last = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.DOCUMENT).order_by("-sequence").first()
    return (
        last is not None
        and last.document_digest == edition.design.digest
        and last.content.get("bindings") == edition.bindings.digest
    )


def _with_state(step: Callable[[], None]) -> Callable[[], None]:
    """Let a loop's connection to the state database be made anew after the database was away."""

    @wraps(step)
    def guarded() -> None:
        close_old_connections()
        try:
            step()
        finally:
            close_old_connections()

    return guarded
