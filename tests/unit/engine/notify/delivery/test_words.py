from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.engine.notify.delivery.notice import NoticeKind
from toban.engine.notify.delivery.words import AlertStory, facts, one_line, title
from toban.engine.notify.reason import NoticeReason
from toban.engine.notify.signal import Condition
from toban.message import NOTHING, Message, plain

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 4, 1, 12, tzinfo=TOKYO)
STORY = AlertStory(
    subject=plain("DB CPU使用率"),
    condition=Condition.CRITICAL,
    value=plain("92%"),
    limit=plain("異常 85%以上"),
    advice=NOTHING,
    began_at=NOON,
    detected_at=NOON + timedelta(seconds=15),
    ended_at=None,
)


def in_language(told: Iterable[tuple[Message, Message]], language: str) -> dict[str, str]:
    return {label.in_language(language): value.in_language(language) for label, value in told}


@pytest.mark.parametrize(
    ("kind", "condition", "expected"),
    [
        (NoticeKind.FIRING, Condition.CRITICAL, "■ 異常: DB CPU使用率 92%"),
        (NoticeKind.FIRING, Condition.WARNING, "▲ 警告: DB CPU使用率 92%"),
        (NoticeKind.NO_DATA, Condition.NO_DATA, "? 測定不能: DB CPU使用率 92%"),
        (NoticeKind.RECOVERED, Condition.CRITICAL, "● 復旧: DB CPU使用率 92%"),
    ],
)
def test_a_title_contains_the_mark_and_the_value(
    kind: NoticeKind, condition: Condition, expected: str
) -> None:
    assert one_line(title(kind, [replace(STORY, condition=condition)])) == expected


def test_a_changed_level_names_the_previous_one() -> None:
    told = title(NoticeKind.FIRING, [STORY], before=Condition.WARNING)

    assert one_line(told) == "■ 異常 (警告から): DB CPU使用率 92%"
    assert one_line(told, "en") == "■ Critical (was: Warning): DB CPU使用率 92%"


def test_a_title_names_the_system_if_it_has_a_name() -> None:
    told = title(NoticeKind.FIRING, [replace(STORY, system="南風商店")])

    assert one_line(told) == "■ 異常: 南風商店 DB CPU使用率 92%"


def test_a_title_is_one_line_of_limited_length() -> None:
    told = one_line(title(NoticeKind.FIRING, [replace(STORY, value=plain("応答\nなし " * 100))]))

    assert "\n" not in told
    assert len(told) == 250


def test_an_alert_states_value_limit_since_when_and_what_to_do() -> None:
    told = facts(NoticeKind.FIRING, [STORY], TOKYO, NOON.astimezone(UTC) + timedelta(minutes=12))

    assert in_language(told, "ja") == {
        "測定値": "92%",
        "しきい値": "異常 85%以上",
        "いつから": "2026-04-01 12:00:00 (Asia/Tokyo)、12分前",
        "検知": "2026-04-01 12:00:15",
        "次にすること": "この行の推移とログを確かめ、影響の範囲を切り分けてください",
    }
    assert in_language(told, "en") == {
        "Measured value": "92%",
        "Threshold": "異常 85%以上",
        "Since": "2026-04-01 12:00:00 (Asia/Tokyo), 12 min ago",
        "Detected": "2026-04-01 12:00:15",
        "What to do next": "Check the history and the logs of this row, and find out what is affected",
    }


def test_the_documents_instructions_take_precedence_over_our_own_advice() -> None:
    told = facts(NoticeKind.FIRING, [replace(STORY, advice=plain("DBを再起動"))], TOKYO, NOON)

    assert in_language(told, "ja")["次にすること"] == "DBを再起動"


def test_a_recovery_states_how_long_the_alert_lasted() -> None:
    over = replace(STORY, value=plain("41%"), ended_at=NOON + timedelta(hours=1, minutes=5))

    told = in_language(facts(NoticeKind.RECOVERED, [over], TOKYO, NOON + timedelta(hours=2)), "ja")

    assert told["復旧前の状態"] == "異常"
    assert told["期間"] == "2026-04-01 12:00:00 から 2026-04-01 13:05:00 まで"
    assert told["継続時間"] == "1時間5分"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (NoticeReason.REPEATED, "■ 異常 (継続中): DB CPU使用率 92%"),
        (NoticeReason.SILENCE_ENDED, "■ 異常 (継続中): DB CPU使用率 92%"),
        (NoticeReason.ESCALATED, "■ 異常 (未対応): DB CPU使用率 92%"),
    ],
)
def test_a_title_says_why_the_notice_is_repeated(reason: NoticeReason, expected: str) -> None:
    assert one_line(title(NoticeKind.FIRING, [STORY], reason)) == expected


def test_the_person_who_acknowledged_is_named() -> None:
    taken = replace(STORY, taken_by="上原")

    told = title(NoticeKind.ACKNOWLEDGED, [taken])

    assert one_line(told) == "■ 異常 (上原が対応中): DB CPU使用率"
    assert one_line(told, "en") == "■ Critical (acknowledged by 上原): DB CPU使用率"
    assert in_language(facts(NoticeKind.ACKNOWLEDGED, [taken], TOKYO, NOON), "ja")["対応中"] == "上原"


def test_flapping_is_stated_in_the_title() -> None:
    told = title(NoticeKind.FIRING, [replace(STORY, is_flapping=True)])

    assert one_line(told) == "■ 異常 (フラッピング): DB CPU使用率 92%"


def test_a_grouped_notice_counts_the_alerts_and_lists_the_first() -> None:
    stories = [
        replace(STORY, subject=plain(f"web-{number} CPU使用率"), citation=f"docs/運用設計書.md:{number}")
        for number in range(1, 11)
    ]

    told = list(in_language(facts(NoticeKind.FIRING, stories, TOKYO, NOON), "ja").items())

    assert one_line(title(NoticeKind.FIRING, stories)) == (
        "■ 異常 10件: web-1 CPU使用率、web-2 CPU使用率、web-3 CPU使用率 ほか"
    )
    assert one_line(title(NoticeKind.FIRING, stories), "en") == (
        "■ Critical, 10 alerts: web-1 CPU使用率, web-2 CPU使用率, web-3 CPU使用率 and others"
    )
    assert told[0] == ("web-1 CPU使用率", "92% (異常 85%以上) — 運用設計書.md:1")
    assert told[8] == ("ほか", "2件。すべては Toban のページにあります")
    assert len(told) == 10
