"""One host's part of a run of patches, step by step: each is noted, so that none is done twice.

The upgrade itself is a job of the host's own (see `scripts`): a worker that dies, or a connection that
breaks, interrupts nothing there, and whoever takes the run over follows the same job.
"""

import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from toban.chapters.patching.hosts import health
from toban.chapters.patching.hosts.looking import LOOK_WITHIN, PatchGroup, look, simulate, why_unreadable
from toban.chapters.patching.hosts.scripts import (
    WHICH_BOOT,
    JobLook,
    JobState,
    begin,
    follow,
    read_boot,
    read_follow,
    script,
)
from toban.chapters.patching.manager import AnswerUnreadable
from toban.chapters.patching.models import PatchedHost
from toban.chapters.patching.upgrade import HostPlan, short_of, unplanned
from toban.engine.amounts import length
from toban.engine.clock import Clock
from toban.engine.evidence import ledger
from toban.engine.runs.commands.place import NotAnswered, Refused
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import RunTurn, StepFailed, StepPostponed
from toban.message import Message, plain

LOOKS_AGAIN = 1.0
"""Seconds between two looks at what a host is at."""
_QUICK = 30.0
_TRIES_AGAIN = timedelta(minutes=1)
"""How long it waits for another run that is at the same host."""
_SILENT = timedelta(minutes=5)
"""How long a host with a job may be silent: a network is away, or its sshd is being upgraded."""
BACK_WITHIN = timedelta(minutes=15)
"""How long a restart may take."""
_KEPT = 5
_FULL = re.compile(
    r"No space left on device|Disk quota exceeded|enough free space|more space (?:needed )?on the",
    re.IGNORECASE,
)
"""What the system, apt, rpm and dnf say when there is no room; errno(3)."""


def may_last(group: PatchGroup, plan: HostPlan) -> timedelta:
    """Return how long a host may be under way: a window must have room for its restart and health, too."""
    config = group.config
    restart = BACK_WITHIN if _may_restart(group, plan) else timedelta(0)
    health_takes = config.healthy_within + config.steady_for if health.is_looked_at(config) else timedelta(0)
    return config.within + restart + health_takes


def _may_restart(group: PatchGroup, plan: HostPlan) -> bool:
    # What was approved without a restart is not restarted: it is named, and the next plan asks for it.
    return plan.needs_reboot and group.config.reboot != "never"


@dataclass
class HostPatching:
    """What a step does on one host; raises `StepPostponed` while another run is at it."""

    group: PatchGroup
    plan: HostPlan
    turn: RunTurn
    clock: Clock
    row: PatchedHost = field(init=False)
    _last: Sequence[str] = field(default=(), init=False)
    """The last lines of its job."""
    _full: str = field(default="", init=False)
    """The first of its lines that says that there is no room left."""

    def __post_init__(self) -> None:
        self.row = self._taken()
        self._place = self.group.place(self.plan.host)

    def _taken(self) -> PatchedHost:
        """Return the host's row, which keeps other runs away from it; raise `StepPostponed` if one is there.

        Rows of different names order runs of their own, and one would restart what another is upgrading.
        """
        with transaction.atomic():
            ledger.hold()
            under_way = Run.objects.filter(state__in=Run.OPEN).exclude(pk=self.turn.run_id).values("pk")
            others = PatchedHost.objects.filter(host=self.plan.host, healthy_at=None, run__in=under_way)
            if (other := others.order_by("run").first()) is not None:
                said = Message("patching.another-is-there", host=self.plan.host, run=other.run)
                raise StepPostponed(self.clock() + _TRIES_AGAIN, said)
            written = {"group": self.group.name, "stage": self.plan.stage, "plan": self.plan.as_json()}
            row, _ = PatchedHost.objects.get_or_create(
                run=self.turn.run_id, host=self.plan.host, defaults=written
            )
            return row

    def patch(self) -> None:
        """Bring the host to its planned versions, restart it if the plan says so, and wait until it is well.

        Raises `StepFailed`, which says what is the matter there.
        """
        if self.row.upgraded_at is None:
            self._upgrade()
        if self.row.needs_reboot and self.row.back_at is None and _may_restart(self.group, self.plan):
            self._restart()
        self._wait_until_well()

    def _upgrade(self) -> None:
        if not self.row.job:
            self._begin()
        ended = self._followed()
        self._demand_held()
        if ended.state is not JobState.ENDED or ended.status:
            self._note(job="")
            raise StepFailed(self._why_failed(ended))
        self._demand_versions()
        seen = self._looked()
        # What the plan foresaw counts as well: not every host says that it runs an old kernel.
        self._note(upgraded_at=self.clock(), needs_reboot=seen or self.plan.needs_reboot)

    def _begin(self) -> None:
        """Have the host begin, unless other things would be done by now than those that were approved."""
        others = self._unplanned()
        if others:
            said = Message("patching.plan-outdated", packages=others)
            raise StepFailed(said, RunReason.NOT_RUNNABLE)
        boot = self._boot()
        self._demand_held()
        job = f"{self.turn.run_id}-{self.row.tries + 1}"
        # Noted first: a job that nobody knows of would run beside another.
        self._note(
            job=job,
            tries=self.row.tries + 1,
            boot=boot,
            began_at=self.row.began_at or self.clock(),
        )

    def _unplanned(self) -> Sequence[str]:
        if self.plan.unfinished or not self.plan.upgrades:
            return ()
        try:
            return unplanned(simulate(self.group, self.plan.host, self.plan.upgrades), self.plan)
        except (NotAnswered, AnswerUnreadable) as unknown:
            raise StepFailed(why_unreadable(unknown)) from unknown

    def _followed(self) -> JobLook:
        """Have the job begin if it has not, tell what it writes, and return how it has ended.

        A run that is called off waits for it, too: an upgrade that is cut off leaves a broken host.
        """
        apply = self.group.manager.apply(self.group.become, self.plan.upgrades)
        line, until = 1, time.monotonic() + self.group.config.within.total_seconds()
        heard = time.monotonic()
        self._tried(partial(self._place.ask, begin(self.row.job, apply), _QUICK))
        while True:
            found = self._tried(partial(self._place.ask, follow(self.row.job, line), _QUICK))
            if found is not None:
                heard, seen = time.monotonic(), read_follow(found)
                self._tell(seen.lines)
                line += len(seen.lines)
                if seen.state is JobState.LOST:
                    self._tried(partial(self._place.ask, begin(self.row.job, apply), _QUICK))
                elif seen.state is not JobState.RUNNING and not seen.lines:
                    return seen
            self._demand_time(until, heard)
            if found is None or not seen.lines:
                time.sleep(LOOKS_AGAIN)

    def _tried(self, ask: Callable[[], str]) -> str | None:
        """Return the answer; None if the host is out of reach for now."""
        try:
            return ask()
        except Refused as refused:
            raise StepFailed(_with_words(refused)) from refused
        except NotAnswered as unknown:
            if not unknown.retry:
                raise StepFailed(unknown.said) from unknown
            return None

    def _demand_time(self, until: float, heard: float) -> None:
        stop = self.turn.why_stop()
        if stop is not None and stop is not RunReason.CANCELLED:
            raise StepFailed(Message("patching.goes-on-there", host=self.plan.host), stop)
        now = time.monotonic()
        if now - heard > _SILENT.total_seconds():
            raise StepFailed(Message("patching.silent", minutes=int(_SILENT.total_seconds() // 60)))
        if now > until:
            raise StepFailed(Message("patching.takes-too-long", within=length(self.group.config.within)))

    def _tell(self, lines: Sequence[str]) -> None:
        self._last = (*self._last, *lines)[-_KEPT:]
        self._full = self._full or next(filter(_FULL.search, lines), "")
        if lines:
            self.turn.say("\n".join(f"{self.plan.host}: {line}" for line in lines))

    def _why_failed(self, ended: JobLook) -> Message:
        """Return what the upgrade said last, and what it has left."""
        if ended.state is not JobState.ENDED:
            return Message("patching.broke-off")
        errors = [
            line for line in self._last if line.startswith(("E:", "Error", "dpkg: error"))
        ] or self._last
        said = Message("patching.upgrade-failed", status=ended.status, words=" / ".join(errors))
        if self._full:
            said = Message("patching.disk-full", words=self._full.strip())
        try:
            left = look(self.group, self.plan.host, refreshes=False).unfinished
        except (NotAnswered, AnswerUnreadable):
            return said
        return Message("patching.left-unfinished", why=said, packages=left) if left else said

    def _demand_versions(self) -> None:
        if not self.plan.upgrades:
            return
        manager = self.group.manager
        try:
            found = manager.read_installed(
                self._place.ask(script(manager.installed(self.plan.upgrades)), LOOK_WITHIN)
            )
        except (NotAnswered, AnswerUnreadable) as unknown:
            raise StepFailed(why_unreadable(unknown)) from unknown
        if missing := short_of(found, self.plan):
            self._note(job="")
            raise StepFailed(Message("patching.not-installed", packages=missing))

    def _looked(self) -> bool:
        """Return whether the host says that it needs a restart; raise if its packages are not in order."""
        try:
            seen = look(self.group, self.plan.host, refreshes=False)
        except (NotAnswered, AnswerUnreadable) as unknown:
            raise StepFailed(why_unreadable(unknown)) from unknown
        if seen.unfinished:
            self._note(job="")
            raise StepFailed(Message("patching.still-unfinished", packages=seen.unfinished))
        return seen.needs_reboot

    def _restart(self) -> None:
        """Restart the host once, and wait until it says that it has started anew."""
        if not self.row.boot:
            raise StepFailed(Message("patching.no-boot-id"), RunReason.NOT_RUNNABLE)
        if self.row.restarted_at is None:
            self._demand_held()
            self._note(restarted_at=self.clock())
            self._order_restart()
        elif not self._has_restarted():
            # Whoever noted it may have died before it was ordered: a host that is down ignores another order.
            self._order_restart()
        until = time.monotonic() + BACK_WITHIN.total_seconds()
        while not self._has_restarted():
            self._pause(until, Message("patching.not-back", minutes=int(BACK_WITHIN.total_seconds() // 60)))
        self._note(back_at=self.clock())

    def _order_restart(self) -> None:
        self.turn.say(Message("patching.restarts", host=self.plan.host))
        words = (*self.group.config.become, *self.group.config.reboot_command)
        try:
            self._place.ask(words, _QUICK)
        except Refused as refused:
            raise StepFailed(_with_words(refused)) from refused
        except NotAnswered:
            # It has gone down with the connection.
            return

    def _has_restarted(self) -> bool:
        try:
            boot = read_boot(self._place.ask(script(WHICH_BOOT), _QUICK))
        except NotAnswered:
            return False
        return boot not in ("", self.row.boot)

    def _boot(self) -> str:
        try:
            return read_boot(self._place.ask(script(WHICH_BOOT), _QUICK))
        except NotAnswered as unknown:
            raise StepFailed(unknown.said) from unknown

    def _wait_until_well(self) -> None:
        config, since = self.group.config, self.row.began_at or self.clock()
        until = time.monotonic() + config.healthy_within.total_seconds()
        settling = health.Settling(config.steady_for)
        while health.is_looked_at(config):
            why = health.why_unwell(config, self.plan.host, since)
            if settling.is_settled(why, time.monotonic()):
                break
            # What has become well in time may go on to show that it stays so.
            self._pause(until if why else math.inf, why)
        self._note(healthy_at=self.clock())

    def _pause(self, until: float, why: Message) -> None:
        """Wait a moment; raise `StepFailed` by *why* after *until*, or if the step must end."""
        if (stop := self.turn.why_stop()) is not None:
            raise StepFailed(Message("runs.stopped-midway"), stop)
        if time.monotonic() > until:
            raise StepFailed(why)
        time.sleep(LOOKS_AGAIN)

    def _demand_held(self) -> None:
        """Raise if the step must end: a worker that was replaced notes nothing, and orders nothing."""
        stop = self.turn.why_stop()
        if stop is not None and stop is not RunReason.CANCELLED:
            raise StepFailed(Message("runs.stopped-midway"), stop)

    def _note(self, **fields: str | int | bool | datetime) -> None:
        for name, value in fields.items():
            setattr(self.row, name, value)
        self.row.save(update_fields=list(fields))


def _with_words(refused: Refused) -> Message:
    if not refused.words:
        return refused.said
    return Message("patching.refused", why=refused.said, words=plain(refused.words[-300:]))
