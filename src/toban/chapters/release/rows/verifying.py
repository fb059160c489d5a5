"""What people sign off about releases: the look at a version where it serves, and the cause of a rollback."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan
from toban.chapters.release.models import Release
from toban.chapters.release.rows import flow
from toban.chapters.release.rows.causes import cause_step
from toban.chapters.release.rows.flow import FlowStep
from toban.chapters.release.rows.judging import Cause
from toban.chapters.release.source import RELEASES
from toban.design.clauses.duty import EMERGENCY, DutyRole
from toban.design.clauses.release import DeployFlow, RollbackProcedure
from toban.design.section import normalise
from toban.engine.bindings.model import System
from toban.engine.calendar.due import lasts
from toban.engine.calendar.opening import is_open, next_opening
from toban.engine.editions.edition import Edition
from toban.engine.extension import Link
from toban.engine.notify.routing.contacts import folded
from toban.engine.runs.models import Run
from toban.engine.runs.work import Work
from toban.engine.tasks.events import TaskGround, WantedTask, open_task, waiting, withdraw
from toban.engine.tasks.facts import TaskFact, TaskOccasion
from toban.engine.tasks.rules import TaskTerms, window_end
from toban.engine.tasks.works import has_account, hours_of
from toban.message import Message, plain

_DEVELOPERS = re.compile(r"開発|エンジニア|\bdev\w*|engineer")
_BAD = (Release.State.ROLLED_BACK, Release.State.FAILED)
_NEW = (Release.Kind.REGULAR, Release.Kind.PATCH, Release.Kind.AUTOMATIC)
_RELEASE = "release"


def check_key(deployment: str) -> str:
    """Return the work in which people look at what has been brought to *deployment*."""
    return f"check/{deployment}"


def cause_key(deployment: str) -> str:
    """Return the work in which people find out why *deployment* was rolled back."""
    return f"cause/{deployment}"


def works(plan: ReleaseChapterPlan, edition: Edition) -> Mapping[str, Work]:
    """Return the tasks of *plan*, by key."""
    ground = TaskGround(plan.document_digest, plan.acting_digest, plan.system)
    found: dict[str, Work] = {}
    if plan.flow is not None:
        for deployment, step in _checks(plan, plan.flow):
            name = f"{step.name} {deployment.rule.environment}"
            key = check_key(deployment.name)
            found[key] = ground.work(key, plan.flow, _terms(name, deployment, plan, edition))
    if plan.rollback is not None and (step_of_cause := cause_step(plan.rollback)):
        for deployment in plan.deployments.values():
            name = f"{step_of_cause} {deployment.rule.environment}"
            key = cause_key(deployment.name)
            found[key] = ground.work(key, plan.rollback, _terms(name, deployment, plan, edition))
    return found


def open_wanted(plan: ReleaseChapterPlan, tasks: Mapping[str, Work], now: datetime) -> None:
    """Open the tasks that are wanted and not there yet; withdraw the looks at what no longer serves."""
    for deployment in plan.deployments.values():
        if (work := tasks.get(check_key(deployment.name))) is not None:
            _open(work, deployment, _to_verify(deployment), now, withdraws=True)
        if (work := tasks.get(cause_key(deployment.name))) is not None:
            _open(work, deployment, _to_explain(deployment), now, withdraws=False)


def cause_of(rollback: Release, tasks: Mapping[str, Work], system: System, now: datetime) -> Cause | None:
    """Return how the search for the cause of *rollback* stands; None if the document asks for none."""
    key = cause_key(rollback.deployment)
    if key not in tasks or rollback.kind != Release.Kind.ROLLBACK:
        return None
    run = _tasks(key, rollback.pk).select_related("sign_off").order_by("-pk").first()
    if run is None or run.due_until is None:
        return Cause(None, Message("release-rows.cause-is-asked-for"))
    signed = getattr(run, "sign_off", None)
    if signed is not None:
        code = "release-rows.cause-found" if signed.is_performed else "release-rows.cause-declined"
        return Cause(signed.is_performed, Message(code, by=signed.by, task=run.pk, said=signed.remark))
    until = run.due_until.astimezone(system.zone)
    if run.state != Run.State.WAITING or now >= run.due_until:
        return Cause(False, Message("release-rows.cause-overdue", task=run.pk, until=until))
    return Cause(None, Message("release-rows.cause-waits", task=run.pk, until=until))


def facts(occasion: TaskOccasion, _now: datetime) -> Sequence[TaskFact]:
    """Return what is shown to those who look at a version, or explain a rollback."""
    number = occasion.parameters.get(_RELEASE, "")
    if not isinstance(occasion.clause, DeployFlow | RollbackProcedure) or not number.isdecimal():
        return ()
    found = Release.objects.select_related("artifact", "former").filter(pk=int(number))
    release = found.first()
    if release is None:
        return ()
    is_back = isinstance(occasion.clause, RollbackProcedure)
    return tuple(_of_rollback(release) if is_back else _of_release(release, occasion))


def _checks(plan: ReleaseChapterPlan, row: DeployFlow) -> Iterator[tuple[Deployment, FlowStep]]:
    environments = list(dict.fromkeys(each.rule.environment for each in plan.deployments.values()))
    steps = flow.verified_environments(flow.flow_of(row.steps, environments))
    by_environment = {folded(each.environment): each for each in steps}
    for deployment in plan.deployments.values():
        step = by_environment.get(folded(deployment.rule.environment))
        if step is not None:
            yield deployment, step


def _terms(name: str, deployment: Deployment, plan: ReleaseChapterPlan, edition: Edition) -> TaskTerms:
    following = [each for each in plan.of(deployment.service.name) if each.before == deployment.name]
    approvers = {folded(each.rule.approver) for each in (deployment, *following)} - {""}
    role = _role(edition, approvers or {folded(plan.manager)}) or plan.manager
    return TaskTerms(name, (role,), hours_of((role,), edition.design), is_owed=True)


def _role(edition: Edition, approvers: Iterable[str]) -> str:
    """Return whose task it is: the developers', or else that of another role than the *approvers*."""
    approving = set(approvers)
    names = [each.role for each in edition.design.of(DutyRole) if EMERGENCY not in each.role]
    developers = [each for each in names if _DEVELOPERS.search(normalise(each))]
    others = [each for each in names if folded(each) not in approving]
    wanted = list(dict.fromkeys((*developers, *others)))
    able = [each for each in wanted if has_account(each, edition.design, edition.bindings)]
    return next(iter((*able, *wanted)), "")


def _to_verify(deployment: Deployment) -> Release | None:
    """Return the release that people are to look at: what was brought there last, and is healthy."""
    found = Release.objects.filter(deployment=deployment.name, served_at__isnull=False)
    newest = found.exclude(kind=Release.Kind.DRILL).order_by("-served_at").first()
    is_new = newest is not None and newest.kind in _NEW and newest.state not in _BAD
    return newest if is_new and newest is not None and newest.checked_at is not None else None


def _to_explain(deployment: Deployment) -> Release | None:
    found = Release.objects.filter(deployment=deployment.name, kind=Release.Kind.ROLLBACK)
    return found.filter(state=Release.State.DONE).order_by("-pk").first()


def _tasks(key: str, release: int) -> QuerySet[Run]:
    return Run.objects.filter(work=key, parameters__release=str(release))


def _open(
    work: Work, deployment: Deployment, release: Release | None, now: datetime, *, withdraws: bool
) -> None:
    if withdraws:
        about = str(release.pk) if release is not None else ""
        stale = [run.pk for run in waiting([work.key]) if run.parameters.get(_RELEASE) != about]
        withdraw(waiting([work.key]).filter(pk__in=stale), Message("release-rows.something-else-serves"), now)
    if release is not None:
        until = _until(work, deployment, release, now)
        wanted = WantedTask(until, {_RELEASE: str(release.pk)}, f"release/{release.pk}")
        open_task(work, wanted, _tasks(work.key, release.pk), now)


def _until(work: Work, deployment: Deployment, release: Release, now: datetime) -> datetime:
    """Return until when it is to be signed: in the role's hours, or those that come next."""
    terms = work.task
    if terms is None:
        raise AssertionError("a task has terms")
    if release.kind == Release.Kind.ROLLBACK:
        return now + lasts(deployment.config.cause_within, now, work.system, terms.hours)
    begins = now if is_open(terms.hours, work.system, now) else next_opening(terms.hours, work.system, now)
    return window_end(begins or now + timedelta(days=1), terms, work.system)


def _of_release(release: Release, occasion: TaskOccasion) -> Iterator[TaskFact]:
    link = Link("release", Message("release-rows.release", number=release.pk), (release.pk,))
    zone = occasion.edition.bindings.system.zone
    version = f"{release.artifact.label} ({release.artifact.commit[:12]})"
    yield TaskFact(Message("release-rows.fact-version"), plain(version), link=link)
    former = plain(release.former.label) if release.former is not None else Message("release-rows.none")
    yield TaskFact(Message("release-rows.fact-former"), former)
    if release.served_at is not None:
        served = Message(
            "release-rows.fact-served-in",
            environment=release.environment,
            at=release.served_at.astimezone(zone),
        )
        yield TaskFact(Message("release-rows.fact-serves"), served)
    undo = Message(f"release-rows.undo-{'possible' if release.is_reversible else 'impossible'}")
    yield TaskFact(Message("release-rows.fact-undo"), undo)
    for number, item in enumerate(_checklist(release, occasion.edition), start=1):
        yield TaskFact(Message("release-rows.fact-item", number=number), plain(item))


def _checklist(release: Release, edition: Edition) -> Sequence[str]:
    bound = RELEASES.of(edition.bindings).get(release.service)
    return bound.config.checklist if bound is not None else ()


def _of_rollback(release: Release) -> Iterator[TaskFact]:
    link = Link("release", Message("release-rows.release", number=release.pk), (release.pk,))
    undone = release.former.label if release.former is not None else ""
    said = Message("release-rows.fact-went-back", undone=undone, version=release.artifact.label)
    yield TaskFact(Message("release-rows.fact-rollback"), said, link=link)
    # Whoever signs has to say something about it: the cause that was found.
    yield TaskFact(Message("release-rows.fact-why"), plain(release.cause), is_exception=True)
