"""The timing of the matrix's rows: delayed, in office hours, and in a digest."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from toban.design.reader import Design, read_design
from toban.engine.notify.alerts import report, tell
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.delivery import outbox
from toban.engine.notify.delivery.words import one_line
from toban.engine.notify.models import Alert, Announcement, Delivery, StageOutcome
from toban.engine.notify.orders import acknowledge, announce_maintenance, silence
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.signal import Condition, Signal

pytestmark = pytest.mark.django_db

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 4, 1, 12, tzinfo=TOKYO)
"""A Wednesday."""
NIGHT = datetime(2026, 4, 1, 23, tzinfo=TOKYO)
NINE = datetime(2026, 4, 2, 9, tzinfo=TOKYO)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
INSTANT = timedelta(microseconds=1)

type MakeSignal = Callable[..., Signal]


DELAYED = (
    ("| Slack、メール | 即時 |", "| Slack、メール | 5分継続後 |"),
    ("| Slack | 即時 |\n| 情報", "| Slack | 5分継続後 |\n| 情報"),
)
ROLES = """### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 開発担当者 | 江藤 | 平日10:00-19:00 |

"""


class Ops:
    """A document with one timing for warnings, and what its pipeline puts into the outbox."""

    def __init__(self, document_text: str, contacts: Contacts) -> None:
        self._text, self._contacts = document_text, contacts
        self.design = self.read()

    def read(self, *changes: tuple[str, str]) -> Design:
        text = self._text
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        self.design = read_design(text, "運用設計書.md")
        assert not self.design.unread
        return self.design

    def warns(self, timing: str, *changes: tuple[str, str]) -> None:
        """Give the row of warnings a timing."""
        self.read(
            ("| 警告 (Warning) | 開発担当者 | Slack | 即時 |", f"| 警告 | 開発担当者 | Slack | {timing} |"),
            *changes,
        )

    def look(self, now: datetime, *signals: Signal) -> list[tuple[str, str]]:
        """Report *signals*, look once as a worker does, and return the new deliveries."""
        before = set(Delivery.objects.values_list("id", flat=True))
        report(signals, now, self.design.digest)
        announce(self.design, self._contacts, now, everything=False)
        new = Delivery.objects.exclude(id__in=before).select_related("announcement").order_by("id")
        return [(one_line(each.announcement.title), each.destination) for each in new]


@pytest.fixture
def ops(document_text: str, contacts: Contacts) -> Ops:
    return Ops(document_text, contacts)


def why(destination: str = "ops") -> list[tuple[str, str]]:
    outcomes = StageOutcome.objects.filter(destination=destination).order_by("id")
    return [(outcome.stage, outcome.reason) for outcome in outcomes]


def last_detail() -> str:
    return str(StageOutcome.objects.order_by("-id")[0].detail)


# 5分継続後


def test_a_delayed_notice_leaves_only_once_the_alert_has_lasted(ops: Ops, signal: MakeSignal) -> None:
    ops.warns("5分継続後")

    assert ops.look(NOON, signal(Condition.WARNING)) == []
    assert last_detail() == (
        "行の定める時間、まだ継続していません。それまでに復旧すれば通知しません "
        "(5分継続後: 2026-04-01 12:05:00 まで)"
    )
    assert ops.look(NOON + 5 * MINUTE - INSTANT) == []
    assert ops.look(NOON + 5 * MINUTE) == [("▲ 警告: DB CPU使用率 92%", "ops")]
    assert ops.look(NOON + 6 * MINUTE) == []
    assert why() == [("timing", "not-lasted-yet"), ("dedup", "first"), ("dedup", "already-told")]


def test_a_recovery_before_the_delay_notifies_nobody(ops: Ops, signal: MakeSignal) -> None:
    ops.warns("5分継続後")
    ops.look(NOON, signal(Condition.WARNING))

    assert ops.look(NOON + 4 * MINUTE, signal(Condition.OK)) == []
    assert ops.look(NOON + 5 * MINUTE) == []
    assert Alert.objects.get().settled
    assert why() == [("timing", "not-lasted-yet"), ("dedup", "never-told")]


def test_an_alert_that_alternates_between_levels_has_lasted_as_a_warning(
    ops: Ops, signal: MakeSignal
) -> None:
    ops.read(*DELAYED)
    told = []
    for minute in range(6):
        condition = Condition.CRITICAL if minute % 2 else Condition.WARNING
        told.append(ops.look(NOON + minute * MINUTE, signal(condition, at=NOON + minute * MINUTE)))
    at = NOON + 6 * MINUTE
    told.append(ops.look(at, signal(Condition.WARNING, at=at)))

    assert told == [*[[]] * 6, [("▲ 警告: DB CPU使用率 92%", "ops")]]


def test_a_critical_delay_counts_from_when_the_alert_became_critical(ops: Ops, signal: MakeSignal) -> None:
    ops.read(("| Slack、メール | 即時 |", "| Slack、メール | 5分継続後 |"))
    ops.look(NOON, signal(Condition.WARNING))

    at = NOON + 10 * MINUTE
    assert ops.look(at, signal(Condition.CRITICAL, at=at)) == []
    assert len(ops.look(at + 5 * MINUTE)) == 3


def test_an_event_does_not_wait_to_last(ops: Ops, signal: MakeSignal) -> None:
    ops.warns("5分継続後")
    tell([signal(Condition.WARNING, key="event")], NOON)

    assert ops.look(NOON) == [("▲ 警告: DB CPU使用率 92%", "ops")]


def test_a_storm_of_delayed_alerts_leaves_as_one_message(ops: Ops, signal: MakeSignal) -> None:
    ops.warns("5分継続後")
    ops.look(NOON, *(signal(Condition.WARNING, key=f"k{number}") for number in range(200)))

    (told,) = ops.look(NOON + 5 * MINUTE)

    assert told == ("▲ 警告 200件: DB CPU使用率 ほか", "ops")


def test_silence_and_maintenance_hold_a_delayed_notice_as_any_other(ops: Ops, signal: MakeSignal) -> None:
    ops.warns("5分継続後")
    ops.look(NOON, signal(Condition.WARNING))
    silence({"target": "DB"}, "交換", ends_at=NOON + 10 * MINUTE, by="江藤", now=NOON)

    assert ops.look(NOON + 5 * MINUTE) == []
    assert ops.look(NOON + 10 * MINUTE) == [("▲ 警告: DB CPU使用率 92%", "ops")]


# 営業時間内のみ


def test_outside_office_hours_a_notice_waits_for_the_opening(ops: Ops, signal: MakeSignal) -> None:
    ops.warns("平日9-18時")

    assert ops.look(NIGHT, signal(Condition.WARNING, at=NIGHT)) == []
    assert last_detail() == (
        "行の定める時間帯の外です。次の開始時に継続中なら通知します "
        "(平日9-18時: 平日09:00-18:00、次の開始は 2026-04-02 09:00:00)"
    )
    assert ops.look(NINE - INSTANT) == []
    assert ops.look(NINE) == [("▲ 警告: DB CPU使用率 92%", "ops")]


def test_what_resolves_before_the_opening_is_not_told(ops: Ops, signal: MakeSignal) -> None:
    ops.warns("営業時間内のみ")
    ops.look(NIGHT, signal(Condition.WARNING, at=NIGHT))

    assert ops.look(NIGHT + HOUR, signal(Condition.OK)) == []
    assert ops.look(NINE) == []
    assert Alert.objects.get().settled


def test_news_of_an_alert_told_in_office_hours_waits_for_the_opening(ops: Ops, signal: MakeSignal) -> None:
    ops.warns("営業時間内のみ")
    assert len(ops.look(NOON, signal(Condition.WARNING))) == 1

    assert ops.look(NIGHT, signal(Condition.OK)) == [("● 復旧: DB CPU使用率 92%", "watch")]
    assert not Alert.objects.get().settled
    assert ops.look(NINE) == [("● 復旧: DB CPU使用率 92%", "ops")]
    assert Alert.objects.get().settled


def test_weekends_and_public_holidays_are_not_office_hours(ops: Ops, signal: MakeSignal) -> None:
    ops.warns("営業時間内のみ")
    friday = datetime(2026, 5, 1, 19, tzinfo=TOKYO)
    ops.look(friday, signal(Condition.WARNING, at=friday))

    # 2026: Sunday 3 to Wednesday 6 May are public holidays.
    assert ops.look(datetime(2026, 5, 7, 9, tzinfo=TOKYO) - INSTANT) == []
    assert len(ops.look(datetime(2026, 5, 7, 9, tzinfo=TOKYO))) == 1


def test_office_hours_are_those_of_the_documents_roles(ops: Ops, signal: MakeSignal) -> None:
    roles = (
        "### 運用体制\n| 役割 | 担当 | 対応時間 |\n|---|---|---|\n| 開発担当者 | 江藤 | 平日10:00-19:00 |\n\n"
    )
    ops.warns("営業時間内のみ", ("### サービス提供時間", f"{roles}### サービス提供時間"))

    assert ops.look(NINE, signal(Condition.WARNING, at=NINE)) == []
    assert len(ops.look(NINE + HOUR)) == 1


def test_an_event_of_the_night_is_told_at_the_opening(ops: Ops, signal: MakeSignal) -> None:
    ops.warns("営業時間内のみ")
    tell([signal(Condition.WARNING, key="event")], NIGHT)

    assert ops.look(NIGHT) == []
    assert ops.look(NINE) == [("▲ 警告: DB CPU使用率 92%", "ops")]


def test_escalation_begins_with_the_first_notice_that_leaves(ops: Ops, signal: MakeSignal) -> None:
    ops.read(("| Slack、メール | 即時 |", "| Slack、メール | 平日9-18時 |"))
    ops.look(NIGHT, signal(Condition.CRITICAL, at=NIGHT))
    assert not hasattr(Alert.objects.get(), "escalation")

    ops.look(NINE)

    assert Alert.objects.get().escalation.began_at == NINE


# 日次まとめ(9:00)


def test_a_digest_tells_once_a_day_everything_since_the_last_one(ops: Ops, signal: MakeSignal) -> None:
    ops.warns("日次まとめ(9:00)")
    ops.look(NOON)
    assert ops.look(NOON + HOUR, signal(Condition.WARNING, key="a", subject="A")) == []
    assert last_detail() == "次のダイジェストに載せます (日次まとめ(9:00): 次回は 2026-04-02 09:00:00)"
    ops.look(NOON + 2 * HOUR, signal(Condition.WARNING, key="b", subject="B"))
    ops.look(NIGHT, signal(Condition.OK, key="b", subject="B"))

    assert ops.look(NINE - INSTANT) == []
    assert ops.look(NINE) == [("ダイジェスト 2件 (▲ 警告 1件、● 復旧 1件): A、B", "ops")]
    assert [ops.look(NINE + each * HOUR) for each in (1, 2, 3)] == [[], [], []]
    assert Alert.objects.get(key="b").settled
    announcement = Announcement.objects.get(kind="digest")
    assert [str(label) for label, _ in announcement.told] == ["A", "B", "次にすること"]


def test_a_day_without_alerts_has_no_digest(ops: Ops) -> None:
    ops.warns("日次まとめ(9:00)")
    ops.look(NOON)

    assert [ops.look(NINE + each * DAY) for each in range(3)] == [[], [], []]


def test_an_alert_seen_after_the_digest_waits_for_the_next(ops: Ops, signal: MakeSignal) -> None:
    ops.warns("日次まとめ(9:00)")
    ops.look(NOON)
    ops.look(NINE)

    # It began before nine, and was written a moment too late.
    assert ops.look(NINE + MINUTE, signal(Condition.WARNING, at=NINE - INSTANT)) == []
    assert len(ops.look(NINE + DAY)) == 1


def test_a_digest_whose_time_passed_while_toban_was_down_is_sent_once_at_the_next_start(
    ops: Ops, signal: MakeSignal
) -> None:
    ops.warns("日次まとめ(9:00)")
    ops.look(NOON, signal(Condition.WARNING))

    assert len(ops.look(NINE + 3 * DAY + HOUR)) == 1
    assert ops.look(NINE + 3 * DAY + 2 * HOUR) == []


def test_a_look_that_was_killed_sends_the_digest_with_the_next(
    ops: Ops, signal: MakeSignal, contacts: Contacts
) -> None:
    ops.warns("日次まとめ(9:00)")
    ops.look(NOON, signal(Condition.WARNING))

    with transaction.atomic():
        assert announce(ops.design, contacts, NINE, everything=False) == 1
        transaction.set_rollback(True)
    assert Delivery.objects.count() == 0

    assert len(ops.look(NINE + MINUTE)) == 1


def test_a_document_that_gets_a_digest_sends_none_for_the_time_before(ops: Ops, signal: MakeSignal) -> None:
    ops.warns("日次まとめ(9:00)")

    assert ops.look(NINE + HOUR, signal(Condition.WARNING, at=NINE - HOUR)) == []
    assert len(ops.look(NINE + DAY)) == 1


def test_a_digest_keeps_an_alert_whose_level_has_changed(ops: Ops, signal: MakeSignal) -> None:
    row = "| 運用責任者、開発担当者 | Slack、メール | 即時 |"
    ops.read((row, "| 運用責任者 | メール | 日次まとめ(9:00) |"))
    ops.look(NOON, signal(Condition.CRITICAL))
    later = NOON + MINUTE
    assert ops.look(later, signal(Condition.WARNING, at=later)) == [("▲ 警告: DB CPU使用率 92%", "ops")]

    title, place = ops.look(NINE)[-1]

    assert (title, place) == ("ダイジェスト 1件 (▲ 警告 1件): DB CPU使用率", "mail:manager@example.com")


def test_a_digest_has_what_others_were_told_at_once_and_what_is_over_by_then(
    ops: Ops, signal: MakeSignal
) -> None:
    row = "| Slack#monitoring | Slack | 即時 |"
    ops.read((row, row.replace("即時", "日次まとめ(9:00)")))
    assert ops.look(NOON, signal(Condition.WARNING)) == [("▲ 警告: DB CPU使用率 92%", "ops")]

    assert ops.look(NIGHT, signal(Condition.OK)) == [("● 復旧: DB CPU使用率 92%", "ops")]
    assert ops.look(NIGHT + MINUTE) == []
    assert ops.look(NINE) == [("ダイジェスト 1件 (● 復旧 1件): DB CPU使用率", "watch")]


def test_what_maintenance_held_back_until_its_end_is_in_no_digest(ops: Ops, signal: MakeSignal) -> None:
    ops.warns("日次まとめ(9:00)")
    announce_maintenance(["DB"], "交換", starts_at=NOON, ends_at=NIGHT, by="江藤", now=NOON)
    ops.look(NOON, signal(Condition.WARNING))

    assert ops.look(NOON + HOUR, signal(Condition.OK)) == []
    assert ops.look(NINE) == []


def test_a_digest_needs_no_room_in_a_busy_place(ops: Ops, signal: MakeSignal) -> None:
    ops.warns("日次まとめ(9:00)")
    ops.look(NOON, signal(Condition.WARNING))
    for number in range(8):
        at = NINE - 30 * timedelta(seconds=1) + number * timedelta(seconds=3)
        ops.look(at, signal(Condition.CRITICAL, at=at, key=f"k{number}", target="Web"))

    assert ("ダイジェスト 1件 (▲ 警告 1件): DB CPU使用率", "ops") in ops.look(NINE)


def test_a_digest_goes_out_as_a_message_of_its_own(ops: Ops, signal: MakeSignal) -> None:
    ops.warns("日次まとめ(9:00)")
    ops.look(NOON, signal(Condition.WARNING))
    ops.look(NINE)

    notice = outbox.notice_of(Delivery.objects.get())

    assert notice.kind == "digest"
    assert notice.reply_to == ""
    assert ("DB CPU使用率", "▲ 警告 92% (2026-04-01 12:00:00 から) — 運用設計書.md:13") in notice.facts


def test_an_acknowledgement_disturbs_nobody_who_gets_digests(ops: Ops, signal: MakeSignal) -> None:
    ops.warns("日次まとめ(9:00)")
    ops.look(NOON, signal(Condition.WARNING))
    ops.look(NINE)
    acknowledge(Alert.objects.get().pk, by="江藤", now=NINE + HOUR)

    assert ops.look(NINE + HOUR) == []


def test_the_same_matrix_without_timings_tells_at_once(ops: Ops, signal: MakeSignal) -> None:
    assert ops.look(NIGHT, signal(Condition.WARNING)) == [("▲ 警告: DB CPU使用率 92%", "ops")]
