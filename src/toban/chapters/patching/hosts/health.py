"""Whether a host is well after its upgrade: it answers, and no critical alert about it has begun."""

from collections.abc import Collection
from datetime import datetime

import httpx

from toban.chapters.patching.bindings import HOST, PatchGroupBinding
from toban.engine.network.http import HttpAccess, Unanswered, fetch, new_client
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition
from toban.message import NOTHING, Message, message_of


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
