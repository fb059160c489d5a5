"""A table of deployments that has got another name: its history goes with it.

The history is kept by the name of the table, since several tables may serve one environment.
"""

import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import structlog
from django.db import transaction

from toban.chapters.release.deployments import ReleaseChapterPlan
from toban.chapters.release.models import DeploymentLock, Release, ServingLook, SourceLook
from toban.chapters.release.places import folder_of
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.runs.models import Run

_WORKS = ("release", "rollback", "rollback-drill", "check", "cause")
"""How the keys of a deployment's works begin."""

log = structlog.get_logger(__name__)

type Served = tuple[str, str]
"""A service, and the environment that it is brought to."""


def renamed(tables: Mapping[str, Served], histories: Mapping[str, Served]) -> Iterator[tuple[str, str]]:
    """Yield former and new name of each table that can only be another's successor. Pure.

    That is where one table serves what one history, which has no table any more, is about.
    """
    for place in set(tables.values()):
        new = [name for name, each in tables.items() if each == place]
        old = [name for name, each in histories.items() if each == place]
        if len(new) == len(old) == 1 and new != old:
            yield old[0], new[0]


class Renames:
    """Looks once at every plan; two loops may ask at the same time."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._seen: ReleaseChapterPlan | None = None
        self._alone = threading.Lock()

    def look(self, plan: ReleaseChapterPlan, now: datetime) -> None:
        """Give every history to the table that has taken its place."""
        with self._alone:
            if plan is self._seen:
                return
            bound = plan.deployments.items()
            tables = {name: (each.service.name, each.rule.environment) for name, each in bound}
            rows = Release.objects.order_by().values_list("deployment", "service", "environment").distinct()
            histories = {name: (service, environment) for name, service, environment in rows}
            for old, new in renamed(tables, histories):
                self._follow(old, new, tables[new][0], now)
            self._seen = plan

    def _follow(self, old: str, new: str, service: str, now: datetime) -> None:
        log.info("deployment_renamed", former=old, deployment=new)
        # First, so that it is done again if this is cut off: the rows below say that all is done.
        former, own = (folder_of(self._home, "deployments", name) for name in (old, new))
        if former.is_dir() and not own.exists():
            former.rename(own)
        with transaction.atomic():
            ledger.hold()
            if not Release.objects.filter(deployment=old).exists():
                # Another node has just done it.
                return
            for rows in (Release.objects, DeploymentLock.objects, ServingLook.objects):
                rows.filter(deployment=old).update(deployment=new)
            for work in _WORKS:
                Run.objects.filter(work=f"{work}/{old}").update(work=f"{work}/{new}")
            look = SourceLook.objects.select_for_update().filter(service=service).first()
            if look is not None and old in look.began:
                look.began[new] = look.began.pop(old)
                look.save(update_fields=["began"])
            content = {"order": "deployment-renamed", "deployment": new, "former": old}
            ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content, actor="toban"), now=now)
