"""One of several workers on one outbox. Usage: outbox_worker.py fill COUNT | deliver FILE."""

import sys
from datetime import UTC, datetime

import django

django.setup()

import structlog  # noqa: E402

from toban.design.values.severity import AlertLevel  # noqa: E402
from toban.engine.clock import system_clock  # noqa: E402
from toban.engine.notify import outbox  # noqa: E402
from toban.engine.notify.models import Alert, Announcement, Delivery  # noqa: E402
from toban.engine.notify.notice import Notice, NoticeKind  # noqa: E402
from toban.engine.notify.signal import Condition  # noqa: E402


def fill(count: int) -> None:
    now = datetime.now(UTC)
    for number in range(count):
        alert = Alert.objects.create(
            key=str(number), condition=Condition.WARNING, began_at=now, opened_at=now, changed_at=now
        )
        announcement = Announcement.objects.create(
            alert=alert, kind=NoticeKind.FIRING, level=AlertLevel.WARNING, title="", facts=[], at=now
        )
        Delivery.objects.create(
            announcement=announcement,
            key=str(number),
            destination="slack",
            channel="slack",
            created_at=now,
            next_at=now,
        )


class Receiver:
    """Writes down each key it gets, in one write that processes don't tear."""

    def send(self, notice: Notice, _address: str) -> str:
        with open(sys.argv[2], "a") as file:  # noqa: PTH123 - appending is all that is wanted
            file.write(notice.key + "\n")
        return "ok"


structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())
if sys.argv[1] == "fill":
    fill(int(sys.argv[2]))
else:
    while Delivery.objects.filter(state=Delivery.State.WAITING).exists():
        outbox.deliver_due("slack", Receiver(), clock=system_clock)
