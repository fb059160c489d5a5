"""Notices reach the person on duty; handovers and deputies are announced and recorded."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.registered import schema

from toban.design.reader import Design, read_design
from toban.design.values.people import ChannelKind
from toban.engine.bindings.load import read_bindings
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify import alerts, orders
from toban.engine.notify.deciding import pipeline
from toban.engine.notify.delivery.words import one_line
from toban.engine.notify.duty import overrides
from toban.engine.notify.models import Alert, Announcement, Delivery, StageOutcome
from toban.engine.notify.routing.contacts import BoundChannel, Contacts
from toban.engine.notify.signal import Condition, Signal
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.message import NOTHING, Message, from_json, plain

pytestmark = pytest.mark.django_db

TOKYO = ZoneInfo("Asia/Tokyo")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MONDAY = datetime(2026, 4, 13, 10, tzinfo=TOKYO)
"""The handover from 上原 to 伊波."""

DOCUMENT = """# 運用設計書

## 1. 運用方針

### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 当番 | [氏名] | 24時間365日 |

## 2. 監視

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 当番 | メール | 即時 |
| 情報 (Info) | Slack#monitoring | Slack | 即時 |
"""
DESIGN = read_design(DOCUMENT, "運用設計書.md")
BINDINGS = read_bindings(
    """
[people."上原"]
email = "uehara@example.com"
[people."伊波"]
email = "iha@example.com"
[people."佐久川"]
email = "sakugawa@example.com"

[[duty."当番".layers]]
people = ["上原", "伊波"]
handover = "毎週月曜 10:00"
since = 2026-04-06
""",
    Path("toban.toml"),
    schema(),
)
CONTACTS = Contacts(
    people={name: {ChannelKind.EMAIL: person.email} for name, person in BINDINGS.people.items()},
    ways=(
        BoundChannel("watch", ChannelKind.SLACK, is_shared=True, posts_to="#monitoring"),
        BoundChannel("mail", ChannelKind.EMAIL, is_shared=False),
    ),
    zone=TOKYO,
    duty=BINDINGS.duty,
)
(ROLE, CRITICAL, _) = DESIGN.clauses


def announce(now: datetime, contacts: Contacts = CONTACTS, design: Design = DESIGN) -> list[tuple[str, str]]:
    """Process all alerts at *now*; return the new deliveries as title and destination."""
    before = set(Delivery.objects.values_list("pk", flat=True))
    pipeline.announce(design, contacts, now)
    new = Delivery.objects.exclude(pk__in=before).select_related("announcement").order_by("pk")
    return [(one_line(each.announcement.title), each.destination) for each in new]


def trouble(now: datetime) -> None:
    signal = Signal(
        key=CRITICAL.id, clause_id=CRITICAL.id, citation="d:1", clause_text="x", condition=Condition.CRITICAL,
        subject=plain("DB"), value=plain("止まっています"), limit=NOTHING, began_at=now, detected_at=now,
    )  # fmt: skip
    alerts.report([signal], now, DESIGN.digest)


def stand_in(
    person: str, start: datetime, end: datetime | None, reason: str = "通院", role: str = "当番"
) -> int:
    return overrides.override(
        role, person, reason, starts_at=start, ends_at=end, by="nami", now=MONDAY - HOUR, design=DESIGN,
        bindings=BINDINGS,
    ).pk  # fmt: skip


def test_the_matrix_reaches_the_person_on_duty_and_names_them() -> None:
    trouble(MONDAY - HOUR)

    assert announce(MONDAY - HOUR) == [("■ 異常: DB 止まっています", "mail:uehara@example.com")]
    assert Delivery.objects.get().recipients == ["上原"]


def test_an_unacknowledged_alert_is_announced_to_the_next_person_at_the_handover() -> None:
    trouble(MONDAY - HOUR)
    announce(MONDAY - HOUR)

    told = announce(MONDAY)

    assert ("■ 異常: DB 止まっています", "mail:iha@example.com") in told


def test_the_next_person_on_duty_is_notified_once_even_of_acknowledged_alerts() -> None:
    trouble(MONDAY - HOUR)
    announce(MONDAY - HOUR)
    orders.acknowledge(Alert.objects.get().pk, by="上原", now=MONDAY - MINUTE)

    told = [*announce(MONDAY), *announce(MONDAY + 9 * HOUR)]

    assert told.count(("■ 異常: DB 止まっています", "mail:iha@example.com")) == 1


def test_a_handover_is_announced_once_to_both_people_and_the_information_row() -> None:
    announce(MONDAY - MINUTE)
    told = [each for minute in range(3) for each in announce(MONDAY + minute * MINUTE)]

    title = "i 情報: 当番の交代 当番 2026-04-13 10:00 に 上原 から 伊波 へ"
    assert sorted(told) == [
        (title, "mail:iha@example.com"),
        (title, "mail:uehara@example.com"),
        (title, "watch"),
    ]
    assert Message("notify.nothing-ongoing") in dict(Announcement.objects.get().told).values()


def test_a_handover_missed_for_a_day_is_not_announced() -> None:
    assert announce(MONDAY + 13 * HOUR) == []


def test_the_start_and_end_of_a_deputy_are_announced_as_handovers() -> None:
    stand_in("佐久川", MONDAY + HOUR, MONDAY + 2 * HOUR)
    announce(MONDAY)

    begun, ended = announce(MONDAY + HOUR), announce(MONDAY + 2 * HOUR)

    assert ("i 情報: 当番の交代 当番 2026-04-13 11:00 に 伊波 から 佐久川 へ (nami: 通院)", "watch") in begun
    assert ("i 情報: 当番の交代 当番 2026-04-13 12:00 に 佐久川 から 伊波 へ", "watch") in ended


def test_open_alerts_go_to_a_deputy_as_soon_as_they_start() -> None:
    trouble(MONDAY)
    announce(MONDAY)
    stand_in("佐久川", MONDAY + MINUTE, MONDAY + HOUR)

    # Not every alert is processed each second: the order marks those that must be.
    pipeline.announce(DESIGN, CONTACTS, MONDAY + MINUTE, everything=False)

    assert "mail:sakugawa@example.com" in set(Delivery.objects.values_list("destination", flat=True))


def test_an_override_and_its_end_are_in_the_evidence() -> None:
    number = stand_in("佐久川", MONDAY, MONDAY + 24 * HOUR)
    overrides.end_override(number, by="chie", now=MONDAY + HOUR)

    given, ended = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT).order_by("sequence")
    assert given.actor == "nami"
    assert given.clause_id == ROLE.id
    assert given.content == {
        "order": "duty-override", "override": number, "role": "当番", "person": "佐久川", "reason": "通院",
        "from": MONDAY.isoformat(), "until": (MONDAY + 24 * HOUR).isoformat(),
    }  # fmt: skip
    assert (ended.actor, ended.content["order"]) == ("chie", "end-duty-override")
    assert overrides.between(MONDAY + 2 * HOUR, MONDAY + 3 * HOUR) == []


@pytest.mark.parametrize("change", [{"is_active": False}, {"lockouts": 1}])
def test_a_deputy_ends_when_the_account_that_made_them_one_is_locked_out(change: dict[str, object]) -> None:
    account = Operator.objects.create(username="nami")
    number = stand_in("佐久川", MONDAY, MONDAY + 9 * HOUR)
    later = stand_in("佐久川", MONDAY + 20 * HOUR, MONDAY + 30 * HOUR)
    overrides.end_lost(MONDAY + HOUR)
    assert [each.number for each in overrides.standing(MONDAY + HOUR)] == [number]

    Operator.objects.filter(pk=account.pk).update(**change)
    # At once, before any worker ends it.
    assert overrides.standing(MONDAY + HOUR) == []
    overrides.end_lost(MONDAY + HOUR)
    overrides.end_lost(MONDAY + 2 * HOUR)
    Operator.objects.filter(pk=account.pk).update(is_active=True)

    assert [each.end for each in overrides.between(MONDAY, MONDAY + HOUR)] == [MONDAY + HOUR]
    assert overrides.between(MONDAY + 2 * HOUR, MONDAY + 40 * HOUR) == []
    ended = LedgerEntry.objects.filter(content__order="end-duty-override").order_by("sequence")
    assert [(each.actor, each.content["override"]) for each in ended] == [("toban", number), ("toban", later)]
    assert "nami" in str(from_json(ended[0].content["note"]))


def test_a_deputy_stays_if_whoever_made_them_one_has_no_account() -> None:
    stand_in("佐久川", MONDAY, MONDAY + 9 * HOUR)
    overrides.end_lost(MONDAY + HOUR)

    assert len(overrides.standing(MONDAY + HOUR)) == 1


def test_nobody_is_made_to_have_been_on_duty_before() -> None:
    ordered_at = MONDAY - HOUR

    stand_in("佐久川", MONDAY - 5 * HOUR, MONDAY + HOUR)

    assert overrides.between(MONDAY - 9 * HOUR, ordered_at) == []
    (made,) = overrides.between(ordered_at, MONDAY)
    assert (made.start, made.end) == (ordered_at, MONDAY + HOUR)


def test_an_override_cancelled_beforehand_never_applies() -> None:
    number = stand_in("佐久川", MONDAY + HOUR, MONDAY + 2 * HOUR)

    overrides.end_override(number, by="nami", now=MONDAY)

    assert overrides.between(MONDAY, MONDAY + 3 * HOUR) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"role": "当直"}, "「当直」という役割はありません"),
        ({"person": "知念"}, "「知念」への通知方法がありません"),
        ({"end": None}, "終了時刻がありません"),
        ({"end": MONDAY}, "終了が開始より前です"),
        ({"end": MONDAY + timedelta(days=31)}, "30日より長くはできません"),
        ({"reason": " "}, "理由が必要です"),
        ({"start": MONDAY - 3 * HOUR, "end": MONDAY - 2 * HOUR}, "すでに過ぎた時刻です"),
    ],
)
def test_an_invalid_override_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(NotPossible, match=message):
        stand_in(**{"person": "佐久川", "start": MONDAY, "end": MONDAY + HOUR, **given})  # type: ignore[arg-type]

    assert overrides.between(MONDAY - 9 * HOUR, MONDAY + 999 * HOUR) == []


def test_an_override_that_ended_or_never_existed_cannot_be_ended() -> None:
    number = stand_in("佐久川", MONDAY, MONDAY + HOUR)

    for wrong, now in ((number, MONDAY + HOUR), (number + 1, MONDAY)):
        with pytest.raises(NotPossible, match="有効な代理"):
            overrides.end_override(wrong, by="nami", now=now)


def test_a_time_with_nobody_on_duty_is_undeliverable_with_a_hint() -> None:
    by_night = read_bindings(
        '[[duty."当番".layers]]\npeople = ["上原"]\nhours = "毎日18:00-9:00"\n', Path("toban.toml"), schema()
    )
    trouble(MONDAY)

    told = announce(MONDAY, replace(CONTACTS, duty=by_night.duty))

    assert told == []
    outcome = StageOutcome.objects.get()
    assert (outcome.reason, outcome.recipients) == ("nobody-on-duty", ["当番"])
    assert 'toban.toml の [duty."当番"]' in str(outcome.detail)


def test_the_emergency_contact_is_notified_when_nobody_is_on_duty() -> None:
    text = DOCUMENT.replace(
        "| 当番 | [氏名] | 24時間365日 |",
        "| 当番 | [氏名] | 24時間365日 |\n| 緊急連絡先 | 090 | 24時間365日 |",
    )
    by_night = read_bindings(
        '[[duty."当番".layers]]\npeople = ["上原"]\nhours = "毎日18:00-9:00"\n', Path("toban.toml"), schema()
    )
    people = dict(CONTACTS.people)
    people["緊急連絡先"] = {ChannelKind.EMAIL: "night@example.com"}
    trouble(MONDAY)

    told = announce(
        MONDAY, replace(CONTACTS, duty=by_night.duty, people=people), read_design(text, "運用設計書.md")
    )

    assert told == [("■ 異常: DB 止まっています", "mail:night@example.com")]


def test_an_escalation_notifies_the_person_who_holds_the_role_at_that_time() -> None:
    notices = read_bindings(
        '[[notices.escalation]]\nafter = "90分"\nto = ["当番"]\n', Path("toban.toml"), schema()
    ).notices
    trouble(MONDAY - HOUR)
    announce(MONDAY - HOUR, replace(CONTACTS, notices=notices))
    Delivery.objects.all().delete()

    told = announce(MONDAY + 31 * MINUTE, replace(CONTACTS, notices=notices))

    assert "mail:iha@example.com" in [destination for _, destination in told]
