"""The approval of a release: what it binds to, when it is asked for, and what follows from the answer."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan
from toban.chapters.release.models import Release, ServingLook
from toban.chapters.release.ordering.meanwhile import why_outdated
from toban.chapters.release.ordering.orders import end, make_way, subject_name
from toban.chapters.release.source import FIRST_COMMITS
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.requests import ApprovalSubject, request_for, stands
from toban.engine.approvals.rules import ApprovalTerms, RequestState, may_begin
from toban.engine.orders import NotPossible
from toban.engine.runs.claiming.bell import call_workers
from toban.message import Message, from_json, plain

KIND = "release"
_DIGEST = Message("release.fact-digest")
_OTHERS = (Message("release.fact-writers"), Message("release.others-unknown", count=FIRST_COMMITS))
_TWO = 2
"""People who approve what can't be undone, or was written by nobody knows whom."""


class Consent(StrEnum):
    """Whether a planned release may begin."""

    GIVEN = "given"
    WAITS = "waits"
    OVER = "over"
    """Nobody approved it in time."""


def terms_of(release: Release, deployment: Deployment, plan: ReleaseChapterPlan) -> ApprovalTerms | None:
    """Return whose approval *release* needs; None if it needs nobody's.

    An automatic one needs none where the document says 不要, unless it can't be undone.
    """
    rule, config = deployment.rule, deployment.config
    if release.kind == Release.Kind.ROLLBACK:
        if release.decided_at is not None:
            return None
    elif not rule.approver and not release.is_bold:
        return None
    # Who orders a rollback is the first of the two.
    alone = not release.is_bold or release.kind == Release.Kind.ROLLBACK
    # Of two, one has not written it.
    people = config.approvers if alone and not release.is_writer_unknown else max(_TWO, config.approvers)
    within = max(config.approval_within, release.planned_at - release.ordered_at + config.begins_within)
    return ApprovalTerms(
        rule.approver or plan.manager,
        people,
        within,
        is_irreversible=release.is_bold,
        is_time_assumed="approval_within" not in config.model_fields_set,
    )


def consent(release: Release, deployment: Deployment, plan: ReleaseChapterPlan, now: datetime) -> Consent:
    """Return whether *release* may begin, and ask for its approval if nobody was asked.

    The caller holds the ledger. One for another artefact, plan, document or time is asked for again.
    """
    last = ApprovalRequest.objects.filter(subject=subject_name(release)).order_by("-pk").first()
    if release.decided_at is not None and last is not None and not stands(last):
        # Whoever decided that it goes back was locked out since.
        release.decided_at = None
        release.save(update_fields=["decided_at"])
    terms = terms_of(release, deployment, plan)
    if terms is None:
        return Consent.GIVEN
    if release.kind == Release.Kind.FIRST and (serves := _serves_already(release)) is not False:
        return Consent.GIVEN if serves else Consent.WAITS
    wanted = _subject(release, deployment, plan, terms)
    if last is None or last.digest != wanted.digest or not stands(last):
        request_for(wanted, now)
        return Consent.WAITS
    state = RequestState(last.state)
    if may_begin(state, asked=last.digest, wanted=wanted.digest, expires_at=last.expires_at, now=now):
        return Consent.GIVEN
    return Consent.WAITS if state is RequestState.OPEN and now < last.expires_at else Consent.OVER


def _serves_already(release: Release) -> bool | None:
    """Return whether every instance serves exactly these bytes: then nothing changes, and none is asked.

    None until somebody has looked since these bytes are known.
    """
    look = ServingLook.objects.filter(deployment=release.deployment).first()
    made_at = release.artifact.made_at
    if look is None or (made_at is not None and look.asked_at < made_at):
        return None
    return not look.trouble and set(look.serving.values()) == {release.artifact.digest}


class ReleaseApproved:
    """What follows from an answer about a release: it may begin, or it is called off."""

    kind = KIND
    needs_shell_for_emergencies = False
    is_answered_by_api = True

    def settle(self, request: ApprovalRequest, by: Giver, note: str, now: datetime) -> None:
        """Note when it was decided, or end it; raise `NotPossible` if it is not what was asked by now."""
        number = int(request.subject.partition("/")[2])
        release = Release.objects.select_for_update(of=("self",)).filter(pk=number).first()
        if release is None or release.state != Release.State.PLANNED:
            return
        state = RequestState(request.state)
        if state is RequestState.REFUSED:
            said = Message("release.refused-by", by=by.name, why=note)
            end(release, Release.State.ABORTED, said, now, by=by.name)
        elif state.lets_act:
            if why := why_outdated(release):
                raise NotPossible(why, Message("release.look-again"))
            release.decided_at = now
            release.save(update_fields=["decided_at"])
            if release.kind == Release.Kind.ROLLBACK:
                make_way(release, by.name, now)
            call_workers()


EFFECT = ReleaseApproved()


def _planned_facts(release: Release) -> Iterator[tuple[Message, Message]]:
    """Yield what was shown when it was planned; the digest may have been made since."""
    facts = ((from_json(label), from_json(value)) for label, value in release.facts)
    return ((label, value) for label, value in facts if label != _DIGEST)


def _subject(
    release: Release, deployment: Deployment, plan: ReleaseChapterPlan, terms: ApprovalTerms
) -> ApprovalSubject:
    artifact = release.artifact
    is_back = release.kind == Release.Kind.ROLLBACK
    title = Message(
        "release.approve-rollback" if is_back else "release.approve-release",
        version=artifact.label,
        environment=deployment.rule.environment,
    )
    planned = release.planned_at.astimezone(plan.system.zone)
    return ApprovalSubject(
        subject=subject_name(release),
        title=title,
        facts=(
            *_planned_facts(release),
            *([_OTHERS] if release.is_writer_unknown else []),
            (_DIGEST, plain(artifact.digest)),
            (Message("release.fact-planned"), Message("release.at", at=planned)),
            (Message("release.fact-cause"), plain(release.cause)),
            (Message("release.fact-ordered-by"), plain(release.ordered_by)),
        ),
        content={
            "commit": artifact.commit,
            "digest": artifact.digest,
            "former": release.former.digest if release.former is not None else "",
            "deployment": deployment.name,
            "planned": release.planned_at.isoformat(),
            "kind": release.kind,
            "cause": release.cause,
            "reversible": release.is_reversible,
            "loses_migrations": release.loses_migrations,
        },
        document_digest=plan.document_digest,
        acting_digest=plan.acting_digest,
        terms=terms,
        clause_id=release.clause_id,
        ordered_by=release.ordered_by,
        orderers=tuple(release.orderers),
    )
