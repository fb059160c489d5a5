"""A long outage, minute by minute: Slack is down, people set silences, clocks jump. Everything is counted."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.design.reader import Design
from toban.design.values.people import ChannelKind
from toban.engine.bindings.model import NoticeBinding
from toban.engine.notify.alerts import report
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.delivery import attempts
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.notice import Notice
from toban.engine.notify.delivery.outbox import NOTICES
from toban.engine.notify.models import Alert, Delivery, Silence
from toban.engine.notify.routing.contacts import BoundChannel, Contacts
from toban.engine.notify.signal import Condition, Signal

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
TURN = 10 * SECOND

type MakeSignal = Callable[..., Signal]


class Place:
    """A receiver that can be taken down, and records what arrived."""

    def __init__(self) -> None:
        self.is_away = False
        self.got: list[Notice] = []

    def send(self, notice: Notice, _addresses: tuple[str, ...]) -> str:
        if self.is_away:
            raise Undelivered("503", retry=True)
        self.got.append(notice)
        return "ok"


class Office:
    """The pipeline with Slack and, as its fallback, Teams; nobody has any other address."""

    def __init__(self, document: Design, contacts: Contacts, signal: MakeSignal) -> None:
        self._document, self._signal = document, signal
        self._contacts = replace(
            contacts,
            people={"開発担当者": {ChannelKind.SLACK: "U02DEV"}},
            ways=(
                BoundChannel("ops", ChannelKind.SLACK, is_shared=True),
                BoundChannel("teams", ChannelKind.TEAMS, is_shared=True),
            ),
            notices=NoticeBinding(fallback="teams"),
        )
        self.slack, self.teams = Place(), Place()
        self.now = NOON

    def report(self, condition: Condition, *names: str) -> None:
        signals = [
            self._signal(condition, self.now, key=name, subject=name, target=name, item="cpu")
            for name in names
        ]
        report(signals, self.now, self._document.digest)

    def turn(self, length: timedelta = TURN) -> None:
        """Advance the clock by *length*, then process and send once."""
        self.now += length
        announce(self._document, self._contacts, self.now, everything=False)
        for name, place, most in (("ops", self.slack, 1), ("teams", self.teams, 10)):
            attempts.deliver_due(NOTICES, name, place, clock=lambda: self.now, most=most, jitter=lambda: 0.0)

    def until_sent(self) -> None:
        """Repeat turns until the outbox is empty."""
        while Delivery.objects.filter(state=Delivery.State.WAITING).exists():
            self.turn()


@pytest.fixture
def office(document: Design, contacts: Contacts, signal: MakeSignal) -> Office:
    return Office(document, contacts, signal)


def told_of(place: Place, names: Sequence[str]) -> Counter[tuple[str, str]]:
    """Return how often *place* was notified of each name, by kind of notice."""
    told: Counter[tuple[str, str]] = Counter()
    keys = {notice.key: notice.kind for notice in place.got}
    for delivery in Delivery.objects.filter(key__in=keys).select_related("announcement"):
        for alert in delivery.announcement.alerts.filter(key__in=names):
            told[keys[delivery.key], alert.key] += 1
    return told


@pytest.mark.slow
def test_during_a_slack_outage_the_fallback_gets_every_notice_and_slack_gets_them_later(
    office: Office,
) -> None:
    names = [f"web-{number}" for number in range(30)]
    office.slack.is_away = True
    for number, name in enumerate(names):
        office.report(Condition.WARNING, name)
        for _ in range(12):
            office.turn()
        if number % 3 == 0:
            office.report(Condition.OK, name)
    an_hour_later = office.now
    by_fall_back = told_of(office.teams, names)

    office.slack.is_away = False
    office.until_sent()
    office.turn()

    by_slack = told_of(office.slack, names)
    states = Counter(Delivery.objects.values_list("state", flat=True))
    print(  # noqa: T201 - what the test counts
        f"Slack away for an hour: {len(names)} alerts, {len(office.teams.got)} messages by the fall-back,"
        f" {len(office.slack.got)} by Slack {office.now - an_hour_later} later; {dict(states)}"
    )
    assert an_hour_later - NOON == HOUR
    assert {name for kind, name in by_fall_back if kind == "firing"} == set(names)
    assert {name for kind, name in by_slack if kind == "firing"} == set(names)
    assert {name for kind, name in by_slack if kind == "recovered"} == set(names[::3])
    assert set(by_slack.values()) == {1}
    assert set(states) == {"delivered"}
    assert Alert.objects.filter(labels={"channel": "ops"}, resolved_at=None).count() == 0


def test_a_silence_during_an_outage_holds_notices_back_and_loses_none(office: Office) -> None:
    before = [f"before-{number}" for number in range(5)]
    lasting = [f"lasting-{number}" for number in range(10)]
    short = [f"short-{number}" for number in range(10)]
    names = [*before, *lasting, *short]
    office.report(Condition.CRITICAL, *before)
    office.turn()
    for name in names:
        Silence.objects.create(
            matchers={"target": name}, author="nami", reason="調査中",
            starts_at=office.now, ends_at=office.now + HOUR,
        )  # fmt: skip
    office.slack.is_away = True
    office.report(Condition.CRITICAL, *lasting, *short)
    for _ in range(10):
        office.turn(MINUTE)
    office.report(Condition.OK, *short)
    office.slack.is_away = False
    for _ in range(10):
        office.turn(MINUTE)
    meanwhile = told_of(office.slack, [*lasting, *short])

    for _ in range(41):
        office.turn(MINUTE)
    office.until_sent()

    told = told_of(office.slack, names)
    print(f"silenced for an hour: told of {len(told)} of {len(names)} alerts")  # noqa: T201
    assert meanwhile == Counter()
    # Alerts announced before are announced again after the silence; those resolved by then never were.
    assert told == Counter(
        {("firing", name): 2 for name in before} | {("firing", name): 1 for name in lasting}
    )


@pytest.mark.parametrize(
    "jump",
    [-HOUR, HOUR, *(pytest.param(each, marks=pytest.mark.slow) for each in (-MINUTE, 9 * HOUR))],
    ids=["-1h", "+1h", "-1min", "+9h"],
)
def test_a_clock_jump_neither_delays_nor_loses_waiting_notices(office: Office, jump: timedelta) -> None:
    names = [f"web-{number}" for number in range(20)]
    office.slack.is_away = office.teams.is_away = True
    for name in names[:10]:
        office.report(Condition.CRITICAL, name)
        office.turn()

    office.turn(jump)
    for name in names[10:]:
        office.report(Condition.CRITICAL, name)
        office.turn()
    office.slack.is_away = office.teams.is_away = False
    back = office.now
    office.until_sent()

    assert {name for _, name in told_of(office.slack, names)} == set(names)
    assert not Delivery.objects.exclude(state=Delivery.State.DELIVERED).exists()
    # The longest wait between two attempts, and one message per turn.
    assert office.now - back < 12 * MINUTE


def test_a_busy_destination_is_still_notified_after_the_clock_was_set_back(office: Office) -> None:
    for number in range(8):
        office.report(Condition.CRITICAL, f"web-{number}")
        office.turn(SECOND)

    office.turn(-HOUR)
    office.report(Condition.CRITICAL, "web-8")
    for _ in range(3):
        office.turn()

    assert ("firing", "web-8") in told_of(office.slack, ["web-8"])
