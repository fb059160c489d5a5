"""What the tables know about the way of a release: its commit, its bytes, who looked, who approved."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Q

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan
from toban.chapters.release.models import CommitProof, Release
from toban.chapters.release.ordering.orders import subject_name
from toban.chapters.release.rows import flow
from toban.chapters.release.rows.flow import Evidence, FlowStep, ReleaseWay, Seen, StepEvidence
from toban.chapters.release.rows.judging import Outcome
from toban.chapters.release.rows.verifying import check_key
from toban.chapters.release.source import ProofKind
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.extension import Link
from toban.engine.runs.models import Run
from toban.message import Message

_PROVEN = {True: Evidence.GIVEN, False: Evidence.MISSING, None: Evidence.UNKNOWN}
_BAD = (Release.State.ROLLED_BACK, Release.State.FAILED)
BY_HAND = (Release.Kind.REGULAR, Release.Kind.PATCH, Release.Kind.AUTOMATIC)
"""The kinds that bring something new; rollbacks and drills go back."""


def steps_of(plan: ReleaseChapterPlan) -> Sequence[FlowStep]:
    """Return what the steps of the document's flow ask for."""
    environments = list(dict.fromkeys(each.rule.environment for each in plan.deployments.values()))
    return flow.flow_of(plan.flow.steps, environments) if plan.flow is not None else ()


def evidence_of(release: Release, plan: ReleaseChapterPlan) -> Sequence[StepEvidence]:
    """Return how *release* stands at each step of the document's flow."""
    return flow.evidence(steps_of(plan), way_of(release, plan))


def way_of(release: Release, plan: ReleaseChapterPlan) -> ReleaseWay:
    """Return what is known about the way of *release*; what came after it began is no evidence for it."""
    before = {
        each.rule.environment: each for each in plan.of(release.service) if each.name != release.deployment
    }
    brought = {name: _brought(release, each) for name, each in before.items()}
    deployment = plan.deployments.get(release.deployment)
    verified = {name: _verified(release, each, brought[name]) for name, each in before.items()}
    if deployment is not None and release.served_at is not None:
        verified[release.environment] = _signed(deployment, [release.pk], until=None)
    return ReleaseWay(
        release.environment,
        release.served_at,
        proofs_of(release.service, release.artifact.commit),
        {name: _seen(found) for name, found in brought.items() if found},
        {name: seen for name, seen in verified.items() if seen is not None},
        {name: seen for name, found in brought.items() if (seen := _healthy(found)) is not None},
        approval_of(release),
    )


def outcome_of(release: Release) -> Outcome:
    """Return *release* as verdicts need it."""
    return Outcome(
        number=release.pk,
        version=release.artifact.label,
        kind=release.kind,
        state=release.state,
        ordered_at=release.ordered_at,
        planned_at=release.planned_at,
        detected_at=release.detected_at,
        decided_at=release.decided_at,
        began_at=release.began_at,
        served_at=release.served_at,
        checked_at=release.checked_at,
        note=release.note,
        cause=release.cause,
    )


def proofs_of(service: str, commit: str) -> Mapping[ProofKind, Seen]:
    """Return what the source has said about *commit*."""
    found = CommitProof.objects.filter(service=service, commit=commit, kind__in=[*ProofKind])
    return {
        ProofKind(each.kind): Seen(_PROVEN[each.is_given], each.said, each.at, each.url) for each in found
    }


def approval_of(release: Release) -> Seen | None:
    """Return how the approval of *release* stands; None if nobody was asked for one."""
    asked = ApprovalRequest.objects.filter(subject=subject_name(release)).order_by("-pk")
    requests = list(asked.prefetch_related("answers").select_related("broken"))
    link = Link("release", Message("release-rows.release", number=release.pk), (release.pk,))
    for request in requests:
        if (broken := getattr(request, "broken", None)) is not None:
            reviewed = broken.reviewed_at is not None
            code = "release-rows.without-approval-reviewed" if reviewed else "release-rows.without-approval"
            said = Message(code, by=broken.by, reason=broken.reason, reviewer=broken.reviewed_by)
            return Seen(Evidence.GIVEN if reviewed else Evidence.MISSING, said, broken.at, link=link)
        granted = [
            each
            for each in request.answers.all()
            if each.answer == ApprovalAnswer.Answer.GRANTED
            and (release.began_at is None or each.answered_at <= release.began_at)
        ]
        if len(granted) >= request.people:
            people = [each.person or each.username for each in granted]
            said = Message("release-rows.approved-by", role=request.role, people=people)
            return Seen(Evidence.GIVEN, said, max(each.answered_at for each in granted), link=link)
    if not requests:
        return None
    return Seen(
        Evidence.MISSING, Message("release-rows.waits-for-approval", role=requests[0].role), link=link
    )


def _brought(release: Release, before: Deployment) -> Sequence[Release]:
    """Return the releases that brought the same bytes to *before* until this one began, newest first."""
    found = Release.objects.filter(deployment=before.name, artifact=release.artifact, served_at__isnull=False)
    found = found.exclude(kind__in=(Release.Kind.ROLLBACK, Release.Kind.DRILL))
    if release.began_at is None:
        return list(found.exclude(state__in=_BAD).order_by("-served_at"))
    # One that was rolled back there later was good enough when this one began.
    bad = Q(state__in=_BAD, ended_at__lte=release.began_at)
    return list(found.filter(served_at__lte=release.began_at).exclude(bad).order_by("-served_at"))


def _seen(found: Sequence[Release]) -> Seen:
    newest = found[0]
    said = Message("release-rows.same-bytes-served", environment=newest.environment, number=newest.pk)
    return Seen(Evidence.GIVEN, said, newest.served_at, link=_link(newest))


def _healthy(found: Sequence[Release]) -> Seen | None:
    checked = next((each for each in found if each.checked_at is not None), None)
    if checked is None:
        return None
    said = Message("release-rows.found-healthy", environment=checked.environment)
    return Seen(Evidence.GIVEN, said, checked.checked_at, link=_link(checked))


def _verified(release: Release, before: Deployment, brought: Sequence[Release]) -> Seen | None:
    return _signed(before, [each.pk for each in brought], until=release.began_at)


def _signed(deployment: Deployment, releases: Sequence[int], until: datetime | None) -> Seen | None:
    """Return whether somebody signed off the look at one of *releases*; None if nobody was asked."""
    about = Q(parameters__release__in=[str(each) for each in releases])
    found = Run.objects.filter(about, work=check_key(deployment.name)).order_by("-pk")
    tasks = list(found.select_related("sign_off"))
    link = Link("tasks", Message("release-rows.task"))
    for run in tasks:
        signed = getattr(run, "sign_off", None)
        if signed is None or not signed.is_performed or (until is not None and signed.at > until):
            continue
        said = Message("release-rows.verified-by", by=signed.by, task=run.pk)
        return Seen(Evidence.GIVEN, said, signed.at, link=link)
    if not tasks:
        return None
    newest = tasks[0]
    code = "release-rows.task-waits" if newest.state == Run.State.WAITING else "release-rows.task-not-done"
    said = Message(code, task=newest.pk, environment=deployment.rule.environment, why=newest.note)
    return Seen(Evidence.MISSING, said, link=link)


def _link(release: Release) -> Link:
    return Link("release", Message("release-rows.release", number=release.pk), (release.pk,))
