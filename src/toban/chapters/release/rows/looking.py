"""Looks at what serves in each environment, every minute: is it what the releases have brought?"""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import transaction

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan
from toban.chapters.release.engine import DeployFailed
from toban.chapters.release.models import DeploymentLock, Release, ServingLook
from toban.chapters.release.ordering.planning import newest_served_by
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
        waiting = dict(known_of(plan.deployments))
        for each in plan.deployments.values():
            if each.name not in self._asked:
                self._asked[each.name] = _Question(_asking(each))
                self._asked[each.name].begin(each.name)
        until = time.monotonic() + self._patience
        while waiting:
            answered = self._answered(list(waiting), until)
            _keep(answered, {name: waiting.pop(name) for name in answered}, now)
        ServingLook.objects.exclude(deployment__in=list(plan.deployments)).delete()

    def _answered(self, names: Sequence[str], until: float) -> Mapping[str, _Question]:
        """Wait for the first of *names*, and return it with all that have answered by then."""
        found: dict[str, _Question] = {}
        for name in names:
            question = self._asked[name]
            if question.is_answered.wait(0 if found else max(until - time.monotonic(), 0)):
                found[name] = self._asked.pop(name)
            elif not found:
                said = Message("release-rows.no-answer-within", seconds=round(self._patience))
                found[name] = _Question(question.ask, trouble=said)
        return found


def differs(deployment: Deployment, zone: ZoneInfo) -> Message:
    """Say what the last look found that the releases have not brought, or why it saw nothing."""
    look = ServingLook.objects.filter(deployment=deployment.name).first()
    if look is None or look.stray_since is None:
        return look.trouble if look is not None else NOTHING
    known = known_of([deployment.name])[deployment.name]
    strays = tuple(name for name, digest in look.serving.items() if digest != known.digest)
    since = look.stray_since.astimezone(zone)
    return Message("release-rows.no-release-brought-it", instances=strays, since=since) if strays else NOTHING


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger says about an environment."""

    newest: Release | None
    """The release or rollback that serves."""
    is_changing: bool

    @property
    def digest(self) -> str:
        """The bytes that serve; empty if nothing does."""
        return self.newest.artifact.digest if self.newest is not None else ""


def _asking(deployment: Deployment) -> Callable[[], Mapping[str, str]]:
    home = settings.HOME
    return lambda: deployment.opened(home).serving()


def known_of(names: Collection[str]) -> Mapping[str, Known]:
    """Return what the ledger says about the deployments with *names*."""
    changing = DeploymentLock.objects.filter(deployment__in=names, release__isnull=False)
    locked = set(changing.values_list("deployment", flat=True))
    newest = newest_served_by(names)
    return {name: Known(newest.get(name), name in locked) for name in names}


def _keep(answered: Mapping[str, _Question], before: Mapping[str, Known], now: datetime) -> None:
    with transaction.atomic():
        ledger.hold()
        known, last = known_of(answered), ServingLook.objects.in_bulk(list(answered))
        for name, question in answered.items():
            look = last.get(name) or ServingLook(deployment=name, asked_at=now)
            look.asked_at, look.trouble = now, question.trouble
            if not question.trouble:
                look.answered_at, look.serving = now, dict(question.serving)
                # During a change, and right after one, it may be either version.
                if known[name] == before[name] and not before[name].is_changing:
                    is_stray = _is_stray(question.serving, before[name])
                    look.stray_since = (look.stray_since or now) if is_stray else None
            look.save(force_insert=name not in last)


def _is_stray(serving: Mapping[str, str], known: Known) -> bool:
    return known.newest is not None and set(serving.values()) != {known.digest}
