"""Alerts by what is said about them: why nobody was notified, why nothing is measured or delivered."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from toban.engine.notify.models import Alert, Delivery, StageOutcome
from toban.engine.notify.reason import NO_NEWS, NoticeReason, reason_of
from toban.engine.notify.signal import Condition
from toban.message import Message


@dataclass(frozen=True, slots=True)
class CountedReason:
    """A reason, and the number of alerts that it was given for."""

    said: Message
    """As it was said about one of them."""
    alerts: int

    @property
    def code(self) -> str:
        """What alerts are filtered by."""
        return self.said.code


def with_reason(alerts: QuerySet[Alert], code: str) -> QuerySet[Alert]:
    """Return those of *alerts* about which *code* was said: as their value, by a stage, or by a channel."""
    by_stage = StageOutcome.objects.filter(reason__in=_stage_reasons(code), alert=OuterRef("pk"))
    by_channel = Delivery.objects.filter(_says("error", code), announcement__alerts=OuterRef("pk"))
    return alerts.filter(_says("value", code) | Exists(by_stage) | Exists(by_channel))


def counted(alerts: QuerySet[Alert]) -> list[CountedReason]:
    """Return the reasons that were given for *alerts*, the most frequent first."""
    said: dict[str, Message] = {}
    about: dict[str, set[int]] = defaultdict(set)
    for alert, message in _said(alerts):
        if (reason := reason_of(message)) is not None:
            said.setdefault(reason.code, reason)
            about[reason.code].add(alert)
    found = (CountedReason(reason, len(about[code])) for code, reason in said.items())
    return sorted(found, key=lambda each: (-each.alerts, each.code))


def _said(alerts: QuerySet[Alert]) -> Iterator[tuple[int, Message]]:
    yield from alerts.filter(condition=Condition.NO_DATA).order_by().values_list("pk", "value")
    stopped = StageOutcome.objects.filter(alert__in=alerts.order_by(), passed=False)
    for alert, reason in stopped.exclude(reason__in=NO_NEWS).values_list("alert", "reason").distinct():
        yield alert, NoticeReason(reason).said
    failed = Delivery.objects.filter(announcement__alerts__in=alerts.order_by()).exclude(error__code="")
    yield from failed.values_list("announcement__alerts", "error")


def _says(field: str, code: str) -> Q:
    """Match messages with *code*, and those that add details to one."""
    return Q(**{f"{field}__code": code}) | Q(**{f"{field}__values__why__code": code})


def _stage_reasons(code: str) -> list[NoticeReason]:
    return [each for each in NoticeReason if each.said.code == code]
