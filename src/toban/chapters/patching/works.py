"""The work of patches: plan, be approved, staging, look again, production in its window, and the proof.

What it does is in the audit log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from toban.chapters.patching.hosts.hosting import HostPatching, may_last
from toban.chapters.patching.hosts.looking import LOOK_WITHIN, PatchGroup, look, plan_all, why_unreadable
from toban.chapters.patching.hosts.scripts import script
from toban.chapters.patching.manager import AnswerUnreadable
from toban.chapters.patching.models import PatchedHost
from toban.chapters.patching.plan import PatchingPlan
from toban.chapters.patching.upgrade import HostLook, HostPlan, PatchPlan, Stage, choose, exceeds, short_of
from toban.chapters.patching.windows import AHEAD, bound_spans, common, is_open, next_start
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.clock import Clock, system_clock
from toban.engine.editions.edition import Edition
from toban.engine.found import SCANS, HostVulnerabilities, VulnerabilityScans
from toban.engine.notify.planned import planned
from toban.engine.runs.commands.place import NotAnswered
from toban.engine.runs.rules import HostState, RunReason
from toban.engine.runs.steps.recording import record_once
from toban.engine.runs.work import Facts, RunTurn, Step, StepFailed, StepPostponed, Work
from toban.engine.spans import Span
from toban.message import NOTHING, Message, message_of, plain, sentences

_ASKS_AGAIN = timedelta(minutes=30)
"""How often a run that waits for its window looks whether one was announced meanwhile."""
_MOST_SHOWN = 200
"""Packages of a host among the facts that are shown; the digest is of all."""


def works(plan: PatchingPlan, edition: Edition, *, clock: Clock = system_clock) -> Mapping[str, Work]:
    """Return the works of the rows that order patches, by key."""
    act = _Patching(plan, edition, clock)
    terms = ApprovalTerms(plan.role, within=plan.terms.approval_within)
    bound = "; ".join(
        f"{each.name} ({each.config.stage}): {', '.join(each.config.hosts)}" for each in plan.groups
    )
    return {
        order.key: Work(
            key=order.key,
            clause_id=order.row.id,
            document_digest=edition.design.digest,
            acting_digest=edition.bindings.acting_digest,
            steps=(
                Step("plan", act.plan_hosts, only_looks=True),
                Step("begin", act.begin, terms, bound, found=_facts, is_needed=_has_work),
                Step("staging", act.staging, is_needed=_has_work),
                Step("look", act.look_again, is_needed=_has_production),
                Step("agree", act.agree, terms, bound, found=_changed_facts, is_needed=_has_changed),
                Step("production", act.production, is_needed=_has_work),
                Step("prove", act.prove),
            ),
            schedule=order.schedule,
            system=edition.bindings.system,
            mode=plan.terms.mode,
            asks=terms,
            bound=bound,
        )
        for order in plan.orders
    }


def plan_in(results: Mapping[str, object]) -> PatchPlan:
    """Return the plan among the *results* of a run's steps: what was seen later counts."""
    seen = {each.host: each for each in PatchPlan.read(results.get("look")).hosts}
    return PatchPlan(tuple(seen.get(each.host, each) for each in PatchPlan.read(results.get("plan")).hosts))


def _has_work(turn: RunTurn) -> bool:
    return bool(plan_in(turn.results).needed)


def _has_production(turn: RunTurn) -> bool:
    return bool(plan_in(turn.results).of(Stage.PRODUCTION))


def _has_changed(turn: RunTurn) -> bool:
    return bool(_changed(turn.results))


def _changed(results: Mapping[str, object]) -> Sequence[str]:
    """Return the hosts on which more would be done now than was approved."""
    look = results.get("look")
    return look["changed"] if isinstance(look, dict) else ()


def _facts(results: Mapping[str, object]) -> Facts:
    """Return the plan as it is shown to those who approve it."""
    made = plan_in(results)
    return (*_shown(made.hosts), (Message("patching.fact-digest"), plain(made.digest)))


def _changed_facts(results: Mapping[str, object]) -> Facts:
    """Return what would be done instead of what was approved."""
    made, changed = plan_in(results), _changed(results)
    return (
        (Message("patching.fact-changed"), Message("patching.why-again")),
        *_shown([each for each in made.hosts if each.host in changed]),
        (Message("patching.fact-digest"), plain(made.digest)),
    )


def _shown(hosts: Sequence[HostPlan]) -> Facts:
    return tuple((plain(each.host), shown(each)) for each in hosts)


def shown(each: HostPlan) -> Message:
    """Return what is to be done on a host, in words."""
    if each.trouble:
        return Message("patching.host-left-out", why=each.trouble)
    unknown = sentences(
        Message("patching.host-unrated", repositories=each.unrated) if each.unrated else NOTHING,
        Message("patching.host-by-maps", unseen=each.unseen) if each.by_maps else NOTHING,
    )
    if not each.is_needed:
        return sentences(Message("patching.host-up-to-date", stays=_listed(each.stays)), unknown)
    first = Message("patching.host-unfinished", packages=each.unfinished) if each.unfinished else NOTHING
    planned = Message(
        "patching.host-plan",
        stage=Message(f"patching.stage-{each.stage}"),
        count=len(each.upgrades),
        packages=_listed(tuple(map(str, each.upgrades))[:_MOST_SHOWN]),
        closes=_listed(each.closes),
        restarts=_listed(each.restarts),
        reboot=Message("patching.reboots" if each.needs_reboot else "patching.no-reboot"),
        stays=_listed(each.stays),
    )
    return sentences(first, planned, unknown)


def _listed(words: Sequence[str]) -> tuple[Message, ...] | str:
    return tuple(map(plain, words)) or "—"


@dataclass(frozen=True)
class _Patching:
    """The steps."""

    plan: PatchingPlan
    edition: Edition
    clock: Clock

    def plan_hosts(self, turn: RunTurn) -> object:
        """Ask all hosts; who can't be asked is named in the plan."""
        total, done = sum(len(each.config.hosts) for each in self.plan.groups), 0

        def told(host: str) -> None:
            nonlocal done
            done += 1
            turn.progress(100 * done / total, Message("patching.asked", host=host))

        made = plan_all(self.plan.groups, self._found, told)
        if len(made.troubled) == total:
            raise StepFailed(
                Message("patching.no-host-answers", host=made.hosts[0].host, why=made.hosts[0].trouble)
            )
        for each in made.hosts:
            turn.say(Message("runs.on-host", host=each.host, said=shown(each)))
        return {
            "hosts": [each.as_json() for each in made.hosts],
            "digest": made.digest,
            "names": [each.host for each in made.hosts],
            "unrated": {each.host: each.unrated for each in made.hosts if each.unrated},
        }

    def _found(self, host: str, installs: Mapping[str, str]) -> HostVulnerabilities | None:
        scans = _scans()
        return scans.on_host(self.edition, host, installs) if scans is not None else None

    def begin(self, turn: RunTurn) -> object:
        """Record what was approved."""
        made = plan_in(turn.results)
        now = self.clock()
        content = {
            "event": "patches-began",
            "hosts": [each.host for each in made.needed],
            "packages": sum(len(each.upgrades) for each in made.needed),
            "digest": made.digest,
        }
        record_once(turn.run_id, content, now)
        return {"at": now.isoformat()}

    def staging(self, turn: RunTurn) -> object:
        """Patch the hosts that come first."""
        return self._patch(turn, Stage.STAGING)

    def look_again(self, turn: RunTurn) -> object:
        """Ask the hosts that serve once more, shortly before their window: their plan may be weeks old."""
        approved = plan_in(turn.results)
        self._demand_near_window(turn, approved.of(Stage.PRODUCTION))
        serving = [each for each in self.plan.groups if each.config.stage is Stage.PRODUCTION]
        seen = {each.host: each for each in plan_all(serving, self._found, lambda _host: None).hosts}
        # Who does not answer now may do so in its turn, which sees for itself that nothing else is done.
        new = [now for each in approved.hosts if (now := seen.get(each.host)) is not None and not now.trouble]
        old = {each.host: each for each in approved.hosts}
        changed = [each.host for each in new if exceeds(each, old[each.host])]
        for each in new:
            if each.host in changed:
                turn.say(Message("runs.on-host", host=each.host, said=shown(each)))
        return {"hosts": [each.as_json() for each in new], "changed": changed}

    def agree(self, turn: RunTurn) -> object:
        """Go on with what was approved anew."""
        return {"digest": plan_in(turn.results).digest}

    def production(self, turn: RunTurn) -> object:
        """Patch the hosts that serve, within their window."""
        return self._patch(turn, Stage.PRODUCTION)

    def _patch(self, turn: RunTurn, stage: Stage) -> object:
        """Do it on one host after another; the first failure stops it, and the rest is named."""
        hosts = plan_in(turn.results).of(stage)
        waiting = [each for each in hosts if each.host not in turn.finished_hosts()]
        for each in waiting:
            turn.on_host(each.host, HostState.WAITING)
        while waiting:
            each = waiting[0]
            self._host(turn, each, waiting)
            waiting.pop(0)
            done = len(hosts) - len(waiting)
            turn.progress(100 * done / len(hosts), Message("runs.hosts-ended", ended=done, total=len(hosts)))
        return {"hosts": [each.host for each in hosts]}

    def _host(self, turn: RunTurn, each: HostPlan, waiting: Sequence[HostPlan]) -> None:
        group = self.plan.group(each.group)
        if group is None or each.host not in group.config.hosts:
            raise StepFailed(Message("patching.no-longer-bound", host=each.host), RunReason.NOT_RUNNABLE)
        self._demand_window(turn, group, waiting)
        if (stop := turn.why_stop()) is not None:
            raise StepFailed(Message("runs.stopped-before-next-step"), stop)
        patching = HostPatching(group, each, turn, self.clock)
        turn.on_host(each.host, HostState.RUNNING)
        try:
            patching.patch()
        except StepFailed as failed:
            # What only waits for another worker has not failed.
            if turn.why_stop() is None:
                turn.on_host(each.host, HostState.FAILED, message_of(failed))
            raise StepFailed(_with_rest(failed, each, waiting), failed.reason) from failed
        turn.on_host(each.host, HostState.DONE)

    def _demand_window(self, turn: RunTurn, group: PatchGroup, waiting: Sequence[HostPlan]) -> None:
        """Raise `StepPostponed` unless another host may begin now; what has begun is finished."""
        has_begun = PatchedHost.objects.filter(
            run=turn.run_id, host=waiting[0].host, began_at__isnull=False
        ).exists()
        if group.config.stage is Stage.STAGING or has_begun:
            return
        now = self.clock()
        spans = self._windows(group, now)
        if not is_open(spans, now, may_last(group, waiting[0])):
            raise self._waits(turn, spans, waiting)

    def _demand_near_window(self, turn: RunTurn, hosts: Sequence[HostPlan]) -> None:
        """Raise `StepPostponed` while the window is so far away that a new approval has time until then."""
        now, lead = self.clock(), self.plan.terms.approval_within
        groups = [found for name in {each.group for each in hosts} if (found := self.plan.group(name))]
        spans = [span for group in groups for span in self._windows(group, now)]
        if not any(start - lead <= now < end for start, end in spans):
            raise self._waits(turn, spans, hosts, lead=lead)

    def _waits(
        self,
        turn: RunTurn,
        spans: Sequence[Span],
        waiting: Sequence[HostPlan],
        *,
        lead: timedelta = timedelta(0),
    ) -> StepPostponed | StepFailed:
        """Return that the run waits until *lead* before the next of *spans*, or has waited too long."""
        now, hosts = self.clock(), tuple(plain(each.host) for each in waiting)
        begin = turn.results.get("begin")
        since = datetime.fromisoformat(begin["at"]) if isinstance(begin, dict) else now
        if now >= since + self.plan.terms.wait:
            return StepFailed(Message("patching.no-window-in-time", hosts=hosts), RunReason.NOT_RUNNABLE)
        start, again = next_start(spans, now), now + _ASKS_AGAIN
        if start is None:
            return StepPostponed(again, Message("patching.waits-for-a-window", hosts=hosts))
        at = start.astimezone(self.edition.bindings.system.zone)
        return StepPostponed(
            min(start - lead, again), Message("patching.waits-for-window", hosts=hosts, at=at)
        )

    def _windows(self, group: PatchGroup, now: datetime) -> Sequence[Span]:
        system, span = self.edition.bindings.system, (now - timedelta(days=1), now + AHEAD)
        if self.plan.terms.window is not None:
            return bound_spans(self.plan.terms.window, span, system.zone, system.business)
        names = group.config.targets or (group.name,)
        return common([planned(each, self.edition.design, system, span) for each in names])

    def prove(self, turn: RunTurn) -> Message:
        """Look once more at what is installed and at what is known against it; record it, and say it."""
        made = plan_in(turn.results)
        self._demand_versions(made)
        open_still, is_scanned = self._scanned(turn, made)
        content = {
            "event": "hosts-patched",
            "hosts": [each.host for each in made.needed],
            "packages": sum(len(each.upgrades) for each in made.needed),
            "closed": sorted({name for each in made.needed for name in each.closes} - set(open_still)),
            "open": sorted(open_still),
            "left_out": [each.host for each in made.troubled],
        }
        record_once(turn.run_id, content, self.clock())
        if open_still:
            raise StepFailed(
                Message("patching.still-open", names=tuple(sorted(open_still))), RunReason.NOT_RUNNABLE
            )
        _demand_nothing_left(turn.run_id, made)
        self._demand_planned(made)
        self._demand_restarted(made)
        return _came_of(made, is_scanned=is_scanned)

    def _demand_versions(self, made: PatchPlan) -> None:
        for each in made.needed:
            group = self.plan.group(each.group)
            if group is None or not each.upgrades:
                continue
            asked = script(group.manager.installed(each.upgrades))
            try:
                found = group.manager.read_installed(group.place(each.host).ask(asked, LOOK_WITHIN))
            except (NotAnswered, AnswerUnreadable) as unknown:
                said = Message("runs.on-host", host=each.host, said=why_unreadable(unknown))
                raise StepFailed(said) from unknown
            if missing := short_of(found, each):
                said = Message("patching.not-installed", packages=missing)
                raise StepFailed(Message("runs.on-host", host=each.host, said=said))

    def _demand_planned(self, made: PatchPlan) -> None:
        """Raise `StepFailed` if a host that was only repaired has something to install.

        An interrupted installation may keep the package manager from planning anything else.
        """
        hosts = []
        for each in made.needed:
            group = self.plan.group(each.group)
            if group is None or each.upgrades or not each.unfinished:
                continue
            seen = _seen(group, each.host)
            if choose(seen, group.config.keep, only_security=group.config.only == "security").wanted:
                hosts.append(plain(each.host))
        if hosts:
            raise StepFailed(Message("patching.only-repaired", hosts=tuple(hosts)), RunReason.NOT_RUNNABLE)

    def _demand_restarted(self, made: PatchPlan) -> None:
        """Raise `StepFailed` if services run with what was replaced, and no needrestart restarts them."""
        running = []
        for each in made.needed:
            group = self.plan.group(each.group)
            if group is not None and each.by_maps:
                running += [plain(f"{each.host}: {name}") for name in _seen(group, each.host).restarts]
        if running:
            raise StepFailed(
                Message("patching.services-run-old", services=tuple(running)), RunReason.NOT_RUNNABLE
            )

    def _scanned(self, turn: RunTurn, made: PatchPlan) -> tuple[set[str], bool]:
        """Scan once more; return what should have ended and has not, and whether that proves all hosts."""
        scans = _scans()
        if scans is None or not made.needed:
            return set(), False
        is_whole, left = scans.scan(self.edition, turn), set[str]()
        for each in made.needed:
            found = scans.on_host(self.edition, each.host, {})
            # What nobody scans is proven by its versions alone.
            is_whole = is_whole and found is not None
            if found is not None:
                left |= set(each.closes) & {*found.closes, *found.leaves}
        return left, is_whole


def _seen(group: PatchGroup, host: str) -> HostLook:
    """Return what *host* says of its packages now; raise `StepFailed` if it does not."""
    try:
        return look(group, host, refreshes=False)
    except (NotAnswered, AnswerUnreadable) as unknown:
        said = Message("runs.on-host", host=host, said=why_unreadable(unknown))
        raise StepFailed(said) from unknown


def _scans() -> VulnerabilityScans | None:
    ports = settings.PARTS.ports
    found: VulnerabilityScans | None = ports.one(SCANS)
    return found


def _demand_nothing_left(run_id: int, made: PatchPlan) -> None:
    """Raise `StepFailed` if the run was not able to do everything that is due."""
    if made.troubled:
        first = made.troubled[0]
        said = Message(
            "patching.not-everywhere",
            hosts=tuple(plain(each.host) for each in made.troubled),
            why=first.trouble,
        )
        raise StepFailed(said, RunReason.NOT_RUNNABLE)
    if blocked := [each for each in made.hosts if each.blocked]:
        names = tuple(plain(f"{each.host}: {name}") for each in blocked for name in each.blocked)
        raise StepFailed(Message("patching.blocked", packages=names), RunReason.NOT_RUNNABLE)
    # Those in a group that people restart were not stopped for it: the others had their turn as well.
    waiting = PatchedHost.objects.filter(run=run_id, needs_reboot=True, back_at=None).order_by("pk")
    if hosts := tuple(map(plain, waiting.values_list("host", flat=True))):
        said = Message("runs.on-host", host=hosts, said=Message("patching.reboot-is-yours"))
        raise StepFailed(said, RunReason.NOT_RUNNABLE)


def _with_rest(failed: StepFailed, each: HostPlan, waiting: Sequence[HostPlan]) -> Message:
    said = Message("runs.on-host", host=each.host, said=message_of(failed))
    rest = tuple(one.host for one in waiting[1:])
    return Message("runs.and-not-begun", said=said, hosts=rest) if rest else said


def _came_of(made: PatchPlan, *, is_scanned: bool) -> Message:
    stays = sum(len(each.stays) for each in made.hosts)
    if not made.needed:
        return Message("patching.nothing-to-do", hosts=len(made.hosts), stays=stays)
    return Message(
        "patching.patched" if is_scanned else "patching.patched-unscanned",
        hosts=len(made.needed),
        packages=sum(len(each.upgrades) for each in made.needed),
        closed=len({name for each in made.needed for name in each.closes}),
        stays=stays,
    )
