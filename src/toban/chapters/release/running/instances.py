"""The instances of an environment: each is asked, and where the engine runs them, the dead start again."""

from pathlib import Path

import structlog
from django.conf import settings

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan
from toban.chapters.release.engine import DeployFailed, KeepsInstances
from toban.chapters.release.models import DeploymentLock
from toban.chapters.release.running.health import INSTANCE, Probe
from toban.message import NOTHING, Message, message_of

log = structlog.get_logger(__name__)


def why_unhealthy_there(deployment: Deployment, home: Path, probe: Probe) -> Message:
    """Ask what the bindings of *deployment* name, once; return what is wrong, or nothing.

    Where each instance is asked, those are asked that serve; one that doesn't run is wrong, too.
    """
    health = deployment.config.health
    if health is None or not health.url:
        return NOTHING
    if INSTANCE not in health.url:
        return probe(health)
    try:
        instances = deployment.opened(home).serving()
    except DeployFailed as failed:
        return message_of(failed)
    asked = (health.model_copy(update={"url": health.url.replace(INSTANCE, each)}) for each in instances)
    return next(filter(None, map(probe, asked)), NOTHING)


def mend(plan: ReleaseChapterPlan) -> None:
    """Look once at every environment, but not where somebody holds it: a person, or a release."""
    held = set(DeploymentLock.objects.values_list("deployment", flat=True))
    for name, deployment in plan.deployments.items():
        engine = deployment.opened(settings.HOME)
        if name in held or not isinstance(engine, KeepsInstances):
            continue
        try:
            for done in engine.ensure():
                log.warning("release_instances_mended", deployment=name, done=str(done))
        except DeployFailed as failed:
            log.warning("release_instances_not_mended", deployment=name, error=str(failed))
