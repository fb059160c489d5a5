"""Looks at what serves in each environment, every minute: is it what the releases have brought?"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import transaction

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan
from toban.chapters.release.engine import DeployFailed
from toban.chapters.release.models import DeploymentLock, Release, ServingLook
from toban.engine.evidence import ledger
from toban.message import NOTHING, Message, message_of

PATIENCE = 30.0
"""Seconds that an environment has to answer."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Question:
    """A question to an environment; whoever asked may have given up."""

    ask: Callable[[], Mapping[str, str]]
    is_answered: threading.Event = field(default_factory=threading.Event)
    serving: Mapping[str, str] = field(default_factory=dict)
    trouble: Message = NOTHING

    def begin(self, name: str) -> None:
        threading.Thread(target=self._run, name=f"serving {name}", daemon=True).start()

    def _run(self) -> None:
        try:
            self.serving = dict(self.ask())
            if not self.serving:
                self.trouble = Message("release-rows.no-instances")
        except DeployFailed as error:
            self.trouble = message_of(error)
        except Exception as error:
            log.exception("serving_not_seen")
            self.trouble = Message("release-rows.look-failed", why=type(error).__name__)
        finally:
            self.is_answered.set()


class Looks:
    """Asks every environment at once. One that hangs is not asked again until it answers."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._asked: dict[str, _Question] = {}

    def look(self, plan: ReleaseChapterPlan, now: datetime) -> None:
        """Look once at every deployment of *plan*, and keep what was seen."""
        before = {each.name: _known(each.name) for each in plan.deployments.values()}
        for each in plan.deployments.values():
            if each.name not in self._asked:
                self._asked[each.name] = _Question(_asking(each))
                self._asked[each.name].begin(each.name)
        until = time.monotonic() + self._patience
        for name, known in before.items():
            question = self._asked[name]
            if question.is_answered.wait(max(until - time.monotonic(), 0)):
                del self._asked[name]
                _keep(name, question, known, now)
            else:
                said = Message("release-rows.no-answer-within", seconds=round(self._patience))
                _keep(name, _Question(question.ask, trouble=said), known, now)
        ServingLook.objects.exclude(deployment__in=list(plan.deployments)).delete()


def differs(deployment: Deployment, zone: ZoneInfo) -> Message:
    """Say what the last look found that the releases have not brought, or why it saw nothing."""
    look = ServingLook.objects.filter(deployment=deployment.name).first()
    if look is None or look.stray_since is None:
        return look.trouble if look is not None else NOTHING
    known = _known(deployment.name)
    strays = tuple(name for name, digest in look.serving.items() if digest != known.digest)
    since = look.stray_since.astimezone(zone)
    return Message("release-rows.no-release-brought-it", instances=strays, since=since) if strays else NOTHING


@dataclass(frozen=True, slots=True)
class _Known:
    """What the ledger says about an environment."""

    newest: int | None
    """The release or rollback that serves."""
    digest: str
    is_changing: bool


def _asking(deployment: Deployment) -> Callable[[], Mapping[str, str]]:
    home = settings.HOME
    return lambda: deployment.opened(home).serving()


def _known(name: str) -> _Known:
    served = Release.objects.filter(deployment=name, served_at__isnull=False)
    newest = served.exclude(kind=Release.Kind.DRILL).select_related("artifact").order_by("-served_at").first()
    is_changing = DeploymentLock.objects.filter(deployment=name, release__isnull=False).exists()
    if newest is None:
        return _Known(None, "", is_changing)
    return _Known(newest.pk, newest.artifact.digest, is_changing)


def _keep(name: str, question: _Question, before: _Known, now: datetime) -> None:
    with transaction.atomic():
        ledger.hold()
        last = ServingLook.objects.filter(deployment=name).first() or ServingLook(
            deployment=name, asked_at=now
        )
        last.asked_at, last.trouble = now, question.trouble
        if not question.trouble:
            last.answered_at, last.serving = now, dict(question.serving)
            # During a change, and right after one, it may be either version.
            if _known(name) == before and not before.is_changing:
                is_stray = before.newest is not None and set(question.serving.values()) != {before.digest}
                last.stray_since = (last.stray_since or now) if is_stray else None
        last.save()
