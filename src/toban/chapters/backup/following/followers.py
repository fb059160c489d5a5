"""Followers of the logs in the edition in force: each log in its own thread, by one worker at a time.

Every worker runs these. The source itself decides which worker follows its log; the others wait.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.db import connections

from toban.chapters.backup import catalogue, rules
from toban.chapters.backup.engine import BackupFailed, WalPosition
from toban.chapters.backup.following.following import FollowerBusy, FollowsLog
from toban.chapters.backup.models import LogStretch
from toban.chapters.backup.taking.source import BackupSource
from toban.chapters.backup.works import BackupPlan, Policy
from toban.design.clauses.backup import BackupPolicy
from toban.design.values.backup_method import BackupMethod
from toban.engine.clock import Clock
from toban.engine.notify import alerts
from toban.engine.notify.signal import Condition, Signal
from toban.engine.orders import NotPossible
from toban.engine.runs import orders
from toban.engine.stores.store import StoreTrouble
from toban.message import NOTHING, Message, message_of

_BUSY_WAIT = 10.0
"""Seconds until the next check whether another worker still follows, or the state database is back."""
_SHORTEST_WAIT, _LONGEST_WAIT = 1.0, 60.0
"""Seconds before a log is followed again after a failure, doubled each time."""
_PATIENCE = timedelta(minutes=1)
"""How long a source may be unreachable before it is reported: servers are restarted."""
_RETOLD = timedelta(seconds=5)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class CatalogueLogBook:
    """The `LogBook` of one subject, kept in the catalogue; problems are announced under its row."""

    subject: str
    policies: Sequence[Policy]
    digest: str
    clock: Clock
    went_on_at: datetime | None = None
    """When the log was last known to continue."""
    _told: Message | None = None
    _told_at: datetime | None = None

    def adopt(self, policies: Sequence[Policy], digest: str) -> None:
        """Announce under the rows of another edition from now on."""
        self.policies, self.digest = policies, digest

    def end(self, system_id: str) -> WalPosition | None:
        """See `LogBook`."""
        last = catalogue.last_stretch(self.subject, system_id)
        return WalPosition(last.timeline, last.last_lsn) if last is not None else None

    def goes_on(self, system_id: str, first: WalPosition, last_lsn: str, durable_to: datetime | None) -> None:
        """See `LogBook`."""
        catalogue.log_goes_on(
            self.subject,
            system_id,
            timeline=first.timeline,
            first_lsn=first.lsn,
            last_lsn=last_lsn,
            durable_to=durable_to,
        )
        self.went_on_at = self.clock()

    def breaks(self, system_id: str, why: Message) -> None:
        """Note it, and order a full backup now: no later moment can be restored without one."""
        log.error("log_broken", subject=self.subject, reason=why.as_json())
        catalogue.log_breaks(self.subject, system_id, why)
        for policy in self.policies:
            if policy.method is BackupMethod.FULL:
                self._order(policy)

    def shows(self, trouble: Message | None) -> None:
        """See `LogBook`."""
        now = self.clock()
        is_news = trouble != self._told or self._told_at is None or now - self._told_at >= _RETOLD
        row = self._row
        if row is None or not is_news:
            return
        self._told, self._told_at = trouble, now
        broken = self._broken()
        alerts.report([_signal(row, self.subject, trouble, broken, now)], now, self.digest)

    def _order(self, policy: Policy) -> None:
        try:
            orders.order(policy.work, {}, by="log-gap", now=self.clock())
        except NotPossible as error:
            log.warning("full_backup_not_ordered", subject=self.subject, reason=error.said.as_json())

    @property
    def _row(self) -> BackupPolicy | None:
        """The policy's row for the log, else for the full backups that it continues."""
        for method in (BackupMethod.LOG, BackupMethod.FULL):
            for policy in self.policies:
                if policy.method is method:
                    return policy.row
        return self.policies[0].row if self.policies else None

    def _broken(self) -> LogStretch | None:
        """Return the last break, unless a backup and the log after it reach past it."""
        stretches = LogStretch.objects.filter(subject=self.subject)
        broken = stretches.exclude(broken_why__code="").order_by("-durable_to").first()
        if broken is None:
            return None
        copies = [catalogue.copy_of(row) for row in catalogue.on_hand(self.subject)]
        newest = rules.newest_moment(copies, catalogue.stretches(self.subject))
        is_past = newest is not None and newest.is_by_log and newest.at > broken.durable_to
        return None if is_past else broken


def _signal(
    row: BackupPolicy, subject: str, trouble: Message | None, broken: LogStretch | None, now: datetime
) -> Signal:
    """Return the signal of a log, which may need announcing. Pure."""
    condition, value, limit, advice = Condition.OK, Message("backup-engines.log-is-stored"), NOTHING, NOTHING
    if trouble is not None:
        condition, value = Condition.WARNING, trouble
        limit = Message("backup-engines.log-must-be-stored")
        advice = Message("backup-engines.check-source-and-store")
    elif broken is not None:
        condition, value = Condition.CRITICAL, Message("backup-engines.log-is-broken", why=broken.broken_why)
        limit = Message("backup-engines.log-must-not-break")
        advice = Message("backup-engines.full-must-follow")
    return Signal(
        key=f"{row.id}/log",
        clause_id=row.id,
        citation=str(row.origin),
        clause_text=row.text,
        condition=condition,
        subject=Message("backup-engines.log-of", subject=subject),
        value=value,
        limit=limit,
        began_at=now,
        detected_at=now,
        advice=advice,
        labels={"target": subject},
    )


@dataclass(slots=True)
class _FollowerThread:
    """A thread that follows one log until it is told to stop."""

    source: BackupSource
    book: CatalogueLogBook
    leave: Callable[[], None]
    _stop: threading.Event = field(default_factory=threading.Event)
    _failing_since: datetime | None = None
    _wait: float = _SHORTEST_WAIT
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        name = f"log of {self.source.subject}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def why_stop(self) -> object | None:
        """See `FollowingControl`."""
        return "stopped" if self._stop.is_set() else None

    def stop(self) -> None:
        """Ask it to end; `join` waits for that."""
        self._stop.set()

    def join(self, patience: float) -> None:
        """Wait until it has ended, no longer than *patience* seconds."""
        self._thread.join(patience)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                wait = self._follow()
            except Exception:
                # The thread's own boundary: the state database may be unavailable.
                log.exception("following_failed", subject=self.source.subject)
                wait = _BUSY_WAIT
            finally:
                self.leave()
            self._stop.wait(wait)

    def _follow(self) -> float:
        """Follow once; return the seconds to wait before the next time."""
        began_at = self.book.clock()
        try:
            with self.source.opened() as at_work:
                engine = at_work.engine
                if not isinstance(engine, FollowsLog) or not engine.follows_log:
                    self._stop.set()
                    return 0.0
                engine.follow_log(self.book, self)
        except FollowerBusy:
            self._failing_since = None
            return _BUSY_WAIT
        except (BackupFailed, StoreTrouble) as error:
            return self._failed(message_of(error), began_at)
        return _SHORTEST_WAIT

    def _failed(self, why: Message, began_at: datetime) -> float:
        now = self.book.clock()
        log.warning("log_not_followed", subject=self.source.subject, reason=why.as_json())
        went_on = self.book.went_on_at is not None and self.book.went_on_at >= began_at
        if self._failing_since is None or went_on:
            self._failing_since, self._wait = now, _SHORTEST_WAIT
        if now - self._failing_since >= _PATIENCE:
            self.book.shows(Message("backup-engines.log-not-read", why=why))
        wait, self._wait = self._wait, min(self._wait * 2, _LONGEST_WAIT)
        return wait


class Followers:
    """The followers of all logs of the edition in force."""

    def __init__(self, clock: Clock, leave: Callable[[], None] = connections.close_all) -> None:
        """Each thread calls *leave* when it no longer needs the state database."""
        self._clock = clock
        self._leave = leave
        self._followers: dict[str, _FollowerThread] = {}

    def adopt(self, plan: BackupPlan, digest: str) -> None:
        """Follow the logs of *plan* from now on, and no others."""
        for subject, follower in list(self._followers.items()):
            source = plan.sources.get(subject)
            if source is None or not _is_same(source, follower.source):
                # The source accepts the next follower once this one is gone.
                follower.stop()
                del self._followers[subject]
        for subject, source in plan.sources.items():
            policies = [policy for policy in plan.policies if policy.source.subject == subject]
            if subject in self._followers:
                self._followers[subject].book.adopt(policies, digest)
            else:
                book = CatalogueLogBook(subject, policies, digest, self._clock)
                self._followers[subject] = _FollowerThread(source, book, self._leave)

    def close(self) -> None:
        """Stop following; what was received is stored, or will be received again."""
        for follower in self._followers.values():
            follower.stop()
        for follower in self._followers.values():
            follower.join(_BUSY_WAIT)


def _is_same(one: BackupSource, other: BackupSource) -> bool:
    """Whether both are followed in the same way, whatever else the document says about them."""
    return (one.kind_name, one.config, one.store_name, one.store_config) == (
        other.kind_name,
        other.config,
        other.store_name,
        other.store_config,
    )
