"""The version that an environment begins with: without it, the first release has nothing to go back to."""

from datetime import datetime
from pathlib import Path

import structlog
from django.db import transaction

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan
from toban.chapters.release.models import Release, SourceLook
from toban.chapters.release.ordering.records import record, stored_facts
from toban.chapters.release.ordering.rules import is_whole
from toban.chapters.release.ordering.writers import authors_of, facts_about
from toban.chapters.release.running.artifacts import described
from toban.chapters.release.source import SourceFailed
from toban.engine.evidence import ledger
from toban.engine.runs.claiming.bell import call_workers

BINDINGS = "bindings"
"""Who orders it."""

log = structlog.get_logger(__name__)


def look(plan: ReleaseChapterPlan, home: Path, now: datetime) -> None:
    """Plan it in each environment that has none and never had any release."""
    wanted = [each for each in plan.deployments.values() if each.config.first]
    # What a source has is fetched by the looks at it, not again and again by this.
    known = {each.service for each in SourceLook.objects.exclude(answered_at=None)} if wanted else set()
    for deployment in wanted:
        is_known = deployment.service.name in known
        if not is_known or Release.objects.filter(deployment=deployment.name).exists():
            continue
        try:
            _order(plan, deployment, home, now)
        except SourceFailed as failed:
            log.info("release_first_not_found", deployment=deployment.name, error=str(failed))


def _order(plan: ReleaseChapterPlan, deployment: Deployment, home: Path, now: datetime) -> None:
    service = deployment.service
    source = service.opened(home)
    commit = source.resolve(deployment.config.first)
    artifact, commits = described(source, service.name, commit, now), source.commits("", commit)
    with transaction.atomic():
        ledger.hold()
        if Release.objects.filter(deployment=deployment.name).exists():
            return
        if artifact.pk is None:
            artifact.save()
        release = Release.objects.create(
            service=service.name,
            environment=deployment.rule.environment,
            deployment=deployment.name,
            kind=Release.Kind.FIRST,
            artifact=artifact,
            clause_id=deployment.rule.id,
            document_digest=plan.document_digest,
            ordered_by=BINDINGS,
            orderers=list(authors_of(commits, plan)),
            facts=stored_facts(facts_about(commits, plan)),
            is_writer_unknown=not is_whole(commits, former=None),
            planned_at=now,
            ordered_at=now,
        )
        record(release, "release-planned", BINDINGS, now)
        call_workers()
