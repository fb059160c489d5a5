"""Whether a host is well after its upgrade: it answers, and no critical alert about it has begun."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

from toban.chapters.patching.bindings import HOST, PatchGroupBinding
from toban.engine.network.http import HttpAccess, Unanswered, fetch, new_client
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition
from toban.message import NOTHING, Message, message_of

LOOKS_IN_A_ROW = 3
"""How many looks must all find a host well."""


@dataclass(slots=True)
class Settling:
    """Whether a host stays well: one good answer is also given by what is about to fall over."""

    steady_for: timedelta
    looks: int = field(default=0, init=False)
    """How many in a row have found it well."""
    _since: float = field(default=0.0, init=False)

    def is_settled(self, why: Message, at: float) -> bool:
        """Take a look's *why* at a monotonic time, and return whether the host has been well long enough."""
        if why:
            self.looks = 0
            return False
        if not self.looks:
            self._since = at
        self.looks += 1
        return self.looks >= LOOKS_IN_A_ROW and at - self._since >= self.steady_for.total_seconds()


def is_looked_at(config: PatchGroupBinding) -> bool:
    """Return whether the bindings name anything by which a host shows that it is well."""
    return config.health is not None or bool(config.targets)


def why_unwell(config: PatchGroupBinding, host: str, since: datetime) -> Message:
    """Look once; return what is wrong, or nothing."""
    if alert := _critical(config.targets, since):
        return Message("patching.alert-since", subject=alert.subject, value=alert.value)
    return _why_no_answer(config.health.replace(HOST, host)) if config.health else NOTHING


def _critical(targets: Collection[str], since: datetime) -> Alert | None:
    begun = Alert.objects.filter(
        resolved_at=None, condition=Condition.CRITICAL, opened_at__gte=since, labels__target__in=list(targets)
    )
    return begun.order_by("pk").first() if targets else None


def _why_no_answer(url: str) -> Message:
    try:
        answer = fetch(new_client(), HttpAccess(url=url))
    except Unanswered as error:
        return Message("patching.does-not-answer", url=url, why=message_of(error))
    if not httpx.codes.is_success(answer.status):
        return Message("patching.answers-with", url=url, status=answer.status)
    return NOTHING
