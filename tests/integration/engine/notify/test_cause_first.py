"""One stopped server is one message: it names the cause, lists what follows from it, and ends once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.design.reader import Design
from toban.design.values.metric import Metric
from toban.engine.notify.alerts import report, tell
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.models import Announcement, Delivery
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.routing.muting import AFTERMATH, TOGETHER, UNDECIDED_FOR, UNTOLD_FOR
from toban.engine.notify.signal import BECAUSE, UNDECIDED, WHOLE_TARGET, Condition, Signal

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
ITEMS = [f"row-{n}" for n in range(7)]

type MakeSignal = Callable[..., Signal]


class Outage:
    """An API with a row about whether it is up, and seven others."""

    def __init__(self, document: Design, contacts: Contacts, signal: MakeSignal) -> None:
        self._document, self._contacts, self._signal = document, contacts, signal

    def row(self, item: str, condition: Condition, at: datetime, **labels: str) -> Signal:
        return self._signal(
            condition,
            at,
            key=item,
            subject=f"API {item}",
            target="API",
            item=item,
            instance="api-1",
            **labels,
        )

    def up(self, condition: Condition, at: datetime, instance: str = "api-1", **labels: str) -> Signal:
        return self._signal(
            condition,
            at,
            key="up" if instance == "api-1" else f"up/{instance}",
            subject="API 死活" if instance == "api-1" else f"API 死活 ({instance})",
            target="API",
            item=Metric.UP.value,
            instance=instance,
            **(labels or {WHOLE_TARGET: "yes"}),
        )

    def level(self, because: str, at: datetime) -> Signal:
        """Return the event that an incident's level was raised by the alert *because*."""
        return self._signal(
            Condition.CRITICAL,
            at,
            key="incident/1/level/2",
            subject="障害 1",
            item="incident",
            **{BECAUSE: because},
        )

    def tell(self, now: datetime, *signals: Signal) -> list[str]:
        """Report *signals*, and return the titles of what they lead to."""
        before = set(Announcement.objects.values_list("pk", flat=True))
        report(signals, now)
        announce(self._document, self._contacts, now, everything=False)
        return [str(each.title) for each in Announcement.objects.exclude(pk__in=before).order_by("pk")]


@pytest.fixture
def outage(document: Design, contacts: Contacts, signal: MakeSignal) -> Outage:
    return Outage(document, contacts, signal)


def test_a_stopped_server_is_told_once_at_each_place_and_recovers_once(outage: Outage) -> None:
    since = NOON + 2 * SECOND
    # The other rows are bad first, while it is being decided whether the server is down.
    first = [outage.row(item, Condition.CRITICAL, NOON, **{UNDECIDED: "yes"}) for item in ITEMS]
    told = outage.tell(NOON, *first)
    told += outage.tell(
        since,
        outage.up(Condition.CRITICAL, since),
        *(outage.row(item, Condition.CRITICAL, NOON) for item in ITEMS),
    )
    for minute in range(1, 10):
        told += outage.tell(NOON + minute * MINUTE)

    # It is up again; the others need a little longer, as what is averaged does.
    back = NOON + 10 * MINUTE
    told += outage.tell(back, outage.up(Condition.OK, back))
    told += outage.tell(back + MINUTE)
    told += outage.tell(back + 2 * MINUTE, *(outage.row(item, Condition.OK, back) for item in ITEMS))
    told += outage.tell(back + AFTERMATH + MINUTE)

    assert [title[:10] for title in told] == ["■ 異常: API ", "● 復旧: API "]
    by_place = Delivery.objects.values_list("destination", flat=True)
    # The row for information gets recoveries.
    assert sorted(by_place) == sorted(
        ["mail:manager@example.com", "mail:developer@example.com", "ops"] * 2 + ["watch"]
    )


def test_the_message_lists_what_follows_from_it(outage: Outage) -> None:
    outage.tell(
        NOON,
        outage.up(Condition.CRITICAL, NOON),
        *(outage.row(item, Condition.CRITICAL, NOON) for item in ITEMS),
    )

    facts = {str(label): str(value) for label, value in Announcement.objects.get().told}

    assert facts["影響"].startswith("7 件は個別に通知しません: API row-0、API row-1")


def test_what_turns_out_to_have_another_cause_is_told_as_soon_as_that_is_known(outage: Outage) -> None:
    waiting = outage.tell(NOON, outage.row("errors", Condition.CRITICAL, NOON, **{UNDECIDED: "yes"}))

    told = outage.tell(NOON + SECOND, outage.row("errors", Condition.CRITICAL, NOON))

    assert (waiting, told) == ([], ["■ 異常: API errors 92%"])


def test_nothing_waits_for_long(outage: Outage) -> None:
    outage.tell(NOON, outage.row("errors", Condition.CRITICAL, NOON, **{UNDECIDED: "yes"}))

    assert outage.tell(NOON + UNDECIDED_FOR - SECOND) == []
    assert outage.tell(NOON + UNDECIDED_FOR) == ["■ 異常: API errors 92%"]


def test_what_was_told_before_is_not_held_back_when_it_gets_worse(outage: Outage) -> None:
    outage.tell(NOON, outage.row("errors", Condition.WARNING, NOON))

    told = outage.tell(
        NOON + SECOND, outage.row("errors", Condition.CRITICAL, NOON + SECOND, **{UNDECIDED: "yes"})
    )

    assert len(told) == 1


def test_what_is_still_wrong_a_while_after_the_outage_is_told(outage: Outage) -> None:
    outage.tell(NOON, outage.up(Condition.CRITICAL, NOON), outage.row("errors", Condition.CRITICAL, NOON))
    back = NOON + MINUTE
    outage.tell(back, outage.up(Condition.OK, back))

    assert outage.tell(back + AFTERMATH - SECOND) == []
    assert outage.tell(back + AFTERMATH + MINUTE) == ["■ 異常: API errors 92%"]


def test_what_begins_after_the_outage_is_told_at_once(outage: Outage) -> None:
    outage.tell(NOON, outage.up(Condition.CRITICAL, NOON))
    back = NOON + MINUTE
    outage.tell(back, outage.up(Condition.OK, back))

    told = outage.tell(back + SECOND, outage.row("errors", Condition.CRITICAL, back + SECOND))

    assert told == ["■ 異常: API errors 92%"]


def test_instances_that_are_down_together_are_one_message_and_recover_in_one(outage: Outage) -> None:
    since, back = NOON + SECOND, NOON + 10 * MINUTE
    told = outage.tell(NOON, outage.up(Condition.CRITICAL, NOON, **{UNDECIDED: "yes"}))
    told += outage.tell(since, *(outage.up(Condition.CRITICAL, since, each) for each in ("api-1", "api-2")))
    told += outage.tell(back, outage.up(Condition.OK, back))
    told += outage.tell(back + MINUTE)
    told += outage.tell(back + 2 * MINUTE, outage.up(Condition.OK, back + 2 * MINUTE, "api-2"))

    assert told == ["■ 異常 2件: API 死活、API 死活 (api-2)", "● 復旧 2件: API 死活、API 死活 (api-2)"]


def test_an_instance_that_is_down_does_not_wait_long_for_the_others(outage: Outage) -> None:
    outage.tell(NOON, outage.up(Condition.CRITICAL, NOON, **{UNDECIDED: "yes"}))

    assert outage.tell(NOON + TOGETHER - SECOND) == []
    assert len(outage.tell(NOON + TOGETHER)) == 1


def test_an_instance_that_is_up_again_does_not_wait_long_for_the_others(outage: Outage) -> None:
    outage.tell(NOON, *(outage.up(Condition.CRITICAL, NOON, each) for each in ("api-1", "api-2")))
    back = NOON + MINUTE

    assert outage.tell(back, outage.up(Condition.OK, back)) == []
    assert outage.tell(back + AFTERMATH - SECOND) == []
    assert [title[:4] for title in outage.tell(back + AFTERMATH)] == ["● 復旧"]


def test_what_follows_from_an_alert_is_no_second_message_where_that_is_told(outage: Outage) -> None:
    report([outage.up(Condition.CRITICAL, NOON)], NOON)
    tell([outage.level("up", NOON)], NOON)

    told = [title for after in range(4) for title in outage.tell(NOON + after * SECOND)]

    assert [title[:11] for title in told] == ["■ 異常: API 死"]


@pytest.mark.parametrize("because", ["errors", "gone"])
def test_what_follows_from_an_alert_of_which_nobody_is_told_is_told_at_once(
    outage: Outage, because: str
) -> None:
    outage.tell(NOON, outage.up(Condition.CRITICAL, NOON), outage.row("errors", Condition.CRITICAL, NOON))
    tell([outage.level(because, NOON)], NOON)

    assert len(outage.tell(NOON + SECOND)) == 1


def test_what_follows_from_an_alert_that_was_told_long_ago_is_told(outage: Outage) -> None:
    outage.tell(NOON, outage.up(Condition.CRITICAL, NOON))
    later = NOON + 20 * MINUTE
    tell([outage.level("up", later)], later)

    assert outage.tell(later) == []
    assert len(outage.tell(later + UNTOLD_FOR)) == 1
