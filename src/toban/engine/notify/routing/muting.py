"""Inhibition: which open alert inhibits which other, because it is the cause. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from toban.design.values.metric import Metric
from toban.engine.notify.signal import PROBED_BY, WHOLE_TARGET, Condition
from toban.message import Message

UNDECIDED_FOR = timedelta(minutes=2)
"""How long an alert waits at most for the decision whether its instance is down."""
TOGETHER = timedelta(seconds=5)
"""How long an instance that is down waits at most for what the others of its target say."""
UNTOLD_FOR = timedelta(seconds=10)
"""How long an event that follows from an alert waits at most for the notification about that."""
AFTERMATH = timedelta(minutes=3)
"""How long what an outage has led to may take to be over, too: until then it is no news."""


@dataclass(frozen=True, slots=True)
class Lingering:
    """How long a cause that has ended is still seen in what it has done."""

    window: timedelta
    """So long after the cause has ended something may begin that is still of it: a mean looks back."""
    wait: timedelta
    """So long it may take until what the cause has done is over, too."""

    def is_of(self, cause_ended: datetime, began_at: datetime, now: datetime) -> bool:
        """Return whether what began then may still be what that cause has done."""
        return began_at <= cause_ended + self.window and now < cause_ended + self.wait


OUTAGE = Lingering(window=timedelta(), wait=AFTERMATH)
"""For what nobody is told of: what begins after an outage is news, and so is what goes on long after it."""


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An open alert, as far as inhibition needs it."""

    key: str
    subject: Message
    condition: Condition
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """The document's word for what it is about; empty if it is about no target."""
        return self.labels.get("target", "")

    @property
    def item(self) -> str:
        """What is measured."""
        return self.labels.get("item", "")

    @property
    def instance(self) -> str:
        """The instance of the target that it is about, or something within it: `web-1`, `web-1 /var`."""
        return self.labels.get("instance", "")

    @property
    def sender(self) -> str:
        """Who sent it; empty if it is Toban's own. Only of each other's alerts are senders' a cause."""
        return self.labels.get("sender", "")

    @property
    def is_down(self) -> bool:
        """Whether its instance does not answer at all."""
        return self.condition is Condition.CRITICAL and self.item == Metric.UP and not self.sender


class Causes:
    """The open alerts that may inhibit others."""

    def __init__(self, troubles: Iterable[OpenAlert]) -> None:
        critical = [each for each in troubles if each.target and each.condition is Condition.CRITICAL]
        down = [each for each in critical if each.is_down]
        self._down = {(each.target, each.instance): each for each in down}
        self._by_key = {each.key: each for each in down}
        self._whole = {each.target: each for each in down if WHOLE_TARGET in each.labels}
        self._critical = {_subject(each): each for each in critical}

    def of(self, trouble: OpenAlert, runs_on: Mapping[str, str]) -> OpenAlert | None:
        """Return the alert that inhibits notifications about *trouble*, or None.

        An instance that is down inhibits all other alerts about it. A target whose instances are all down
        inhibits all other alerts about the target, and all alerts about targets that run on it (*runs_on*:
        target → target). If several targets are measured at one place, that this is down inhibits all other
        alerts about what is measured there. A critical alert about an item inhibits another row's warning
        about the same item of the same instance.
        """
        if not trouble.target:
            return None
        here, *below = beneath(trouble.target, runs_on)
        candidates = [self._whole.get(target) for target in below]
        if not trouble.is_down:
            candidates.append(self._whole.get(here))
            candidates.append(self._by_key.get(trouble.labels.get(PROBED_BY, "")))
            candidates += [self._down.get((here, place)) for place in around(trouble.instance)]
        if trouble.condition is Condition.WARNING:
            candidates.append(self._critical.get(_subject(trouble)))
        return next((each for each in candidates if each is not None and each.key != trouble.key), None)


def _subject(alert: OpenAlert) -> tuple[str, str, str, str]:
    return alert.sender, alert.target, alert.item, alert.instance


def around(instance: str) -> Iterator[str]:
    """Yield *instance* and the instances that may contain it: `web-1 /var` is within `web-1`."""
    words = instance.split(" ")
    for count in range(len(words), 0, -1):
        yield " ".join(words[:count])


def beneath(target: str, runs_on: Mapping[str, str]) -> Iterator[str]:
    """Yield *target* and all targets that it runs on; a cycle ends where it began."""
    seen: set[str] = set()
    while target and target not in seen:
        seen.add(target)
        yield target
        target = runs_on.get(target, "")
