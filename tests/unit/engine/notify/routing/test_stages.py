from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.design.values.people import ChannelKind
from toban.engine.exceptions.rules import CoveringException
from toban.engine.notify.delivery.notice import NoticeKind
from toban.engine.notify.reason import NoticeReason
from toban.engine.notify.routing.contacts import BoundChannel
from toban.engine.notify.routing.maintenance import OpenWindow
from toban.engine.notify.routing.routing import Route
from toban.engine.notify.routing.stages import (
    AlertContext,
    Candidate,
    LastNotice,
    Situation,
    judge,
    why_notify,
)
from toban.engine.notify.signal import Condition
from toban.message import plain

ROUTE = Route(
    "rule",
    plain("運用設計書.md:47"),
    ("開発担当者",),
    BoundChannel("slack", ChannelKind.SLACK, is_shared=True),
    (),
)
NOON = datetime(2026, 4, 11, 18, tzinfo=UTC)
SITUATION = Situation(NOON, ZoneInfo("Asia/Tokyo"), repeat=timedelta(hours=4))
WINDOW = OpenWindow("運用設計書.md:21", datetime(2026, 4, 11, 19, tzinfo=UTC))
TOLD_WARNING = LastNotice(NoticeKind.FIRING, Condition.WARNING, at=NOON, was_lost=False)


@pytest.mark.parametrize(
    ("kind", "condition", "told", "expected"),
    [
        (NoticeKind.FIRING, Condition.WARNING, None, NoticeReason.FIRST),
        (NoticeKind.FIRING, Condition.WARNING, TOLD_WARNING, NoticeReason.ALREADY_TOLD),
        (NoticeKind.FIRING, Condition.CRITICAL, TOLD_WARNING, NoticeReason.WORSE),
        (
            NoticeKind.FIRING,
            Condition.WARNING,
            LastNotice(NoticeKind.FIRING, Condition.CRITICAL, at=NOON, was_lost=False),
            NoticeReason.BETTER,
        ),
        (NoticeKind.RECOVERED, Condition.WARNING, TOLD_WARNING, NoticeReason.RECOVERED),
        (NoticeKind.RECOVERED, Condition.WARNING, None, NoticeReason.NEVER_TOLD),
        (
            NoticeKind.RECOVERED,
            Condition.WARNING,
            LastNotice(NoticeKind.FIRING, Condition.WARNING, at=NOON, was_lost=True),
            NoticeReason.NEVER_TOLD,
        ),
        (
            NoticeKind.RECOVERED,
            Condition.WARNING,
            LastNotice(NoticeKind.RECOVERED, Condition.WARNING, at=NOON, was_lost=False),
            NoticeReason.ALREADY_TOLD,
        ),
        # An undelivered notice is not announced again: the outbox has already tried for hours.
        (
            NoticeKind.FIRING,
            Condition.WARNING,
            LastNotice(NoticeKind.FIRING, Condition.WARNING, at=NOON, was_lost=True),
            NoticeReason.ALREADY_TOLD,
        ),
    ],
)
def test_a_destination_is_notified_only_of_news(
    kind: NoticeKind, condition: Condition, told: LastNotice | None, expected: NoticeReason
) -> None:
    candidate = Candidate(kind, condition, ROUTE, told)

    assert why_notify(candidate, repeat=timedelta(hours=4), now=NOON) is expected


def test_an_alert_is_held_back_during_maintenance_and_the_window_is_cited() -> None:
    judgement = judge(
        Candidate(NoticeKind.FIRING, Condition.CRITICAL, ROUTE, None, AlertContext(window=WINDOW)), SITUATION
    )

    assert not judgement.last.passes
    assert judgement.trail == (
        ("route", NoticeReason.MATRIX_ROW),
        ("maintenance", NoticeReason.IN_MAINTENANCE),
    )
    assert str(judgement.last.detail) == (
        "メンテナンス中です。終了時に継続中なら通知します (運用設計書.md:21、04:00 まで)"
    )


def test_a_recovery_is_sent_during_maintenance() -> None:
    judgement = judge(
        Candidate(NoticeKind.RECOVERED, Condition.WARNING, ROUTE, TOLD_WARNING, AlertContext(window=WINDOW)),
        SITUATION,
    )

    assert judgement.last.passes
    assert [reason for _, reason in judgement.trail] == [
        NoticeReason.MATRIX_ROW,
        NoticeReason.RECOVERY_PASSES,
        NoticeReason.NO_CAUSE_ABOVE,
        NoticeReason.NOT_SILENCED,
        NoticeReason.NO_EXCEPTION,
        NoticeReason.STEADY,
        NoticeReason.RECOVERED,
    ]


def test_a_notice_that_passes_has_a_reason_at_every_stage() -> None:
    judgement = judge(Candidate(NoticeKind.FIRING, Condition.WARNING, ROUTE, None), SITUATION)

    assert judgement.stage == "dedup"
    assert judgement.trail == (
        ("route", NoticeReason.MATRIX_ROW),
        ("maintenance", NoticeReason.NO_MAINTENANCE),
        ("mute", NoticeReason.NO_CAUSE_ABOVE),
        ("silence", NoticeReason.NOT_SILENCED),
        ("exception", NoticeReason.NO_EXCEPTION),
        ("flap", NoticeReason.STEADY),
        ("dedup", NoticeReason.FIRST),
    )


def test_the_end_of_missing_data_is_no_recovery_while_the_value_is_bad() -> None:
    told = LastNotice(NoticeKind.NO_DATA, Condition.NO_DATA, at=NOON, was_lost=False)
    standing = AlertContext(is_still_wrong=True)

    judged = judge(Candidate(NoticeKind.RECOVERED, Condition.NO_DATA, ROUTE, told, standing), SITUATION)

    assert (judged.last.passes, judged.last.reason) == (False, NoticeReason.STILL_WRONG)


@pytest.mark.parametrize(
    ("is_still_wrong", "reason"), [(True, NoticeReason.STILL_WRONG), (False, NoticeReason.CAME_AND_WENT)]
)
def test_a_digest_lists_no_end_of_missing_data_while_the_value_is_bad(
    is_still_wrong: bool, reason: NoticeReason
) -> None:
    standing = AlertContext(is_still_wrong=is_still_wrong)
    unheard = Candidate(NoticeKind.RECOVERED, Condition.NO_DATA, ROUTE, None, standing, is_listed=True)

    judged = judge(unheard, SITUATION)

    assert (judged.last.passes, judged.last.reason) == (not is_still_wrong, reason)


ALLOWED = CoveringException(1, "monitoring/monitor/x", "", "交換待ち", "佐藤", NOON + timedelta(days=9), True)


def test_an_exception_holds_back_what_it_allows_and_says_why_and_until_when() -> None:
    standing = AlertContext(exception=ALLOWED)

    judged = judge(Candidate(NoticeKind.FIRING, Condition.CRITICAL, ROUTE, None, standing), SITUATION)

    assert (judged.stage, judged.last.reason) == ("exception", NoticeReason.EXCEPTED)
    assert "佐藤" in str(judged.last.detail)
    assert "交換待ち" in str(judged.last.detail)


@pytest.mark.parametrize(
    ("kind", "condition"),
    [
        (NoticeKind.NO_DATA, Condition.NO_DATA),
        (NoticeKind.RECOVERED, Condition.WARNING),
        (NoticeKind.FIRING, Condition.INFO),
    ],
)
def test_missing_data_recoveries_and_news_pass_an_exception(kind: NoticeKind, condition: Condition) -> None:
    standing = AlertContext(exception=ALLOWED)

    judged = judge(Candidate(kind, condition, ROUTE, TOLD_WARNING, standing), SITUATION)

    assert judged.last.passes
