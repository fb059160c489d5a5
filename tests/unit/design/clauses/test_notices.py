"""The notification matrix: its timings."""

from collections.abc import Callable

import pytest

from toban.design.clauses.notices import NotificationRule
from toban.design.reader import Design

type Read = Callable[..., Design]


def matrix(read: Read, timing: str, column: str = "タイミング") -> Design:
    return read(
        "## アラート通知",
        f"| レベル | 通知先 | 通知方法 | {column} |",
        "|-|-|-|-|",
        f"| 警告 | 運用担当 | Slack | {timing} |",
    )


def test_an_unknown_timing_leaves_the_row_unread_with_the_reason(read: Read) -> None:
    design = matrix(read, "満月の夜")

    assert design.of(NotificationRule) == ()
    (unread,) = design.unread
    assert "満月の夜" in str(unread.reason)
    assert "5分継続後" in str(unread.reason)


def test_a_response_time_delays_no_notification(read: Read) -> None:
    (rule,) = matrix(read, "翌営業日", column="対応時間").of(NotificationRule)

    assert (rule.response, rule.timing, rule.delivery.is_at_once) == ("翌営業日", "", True)


def test_assumed_office_hours_are_an_assumption_of_the_row(read: Read) -> None:
    (rule,) = matrix(read, "営業時間内のみ").of(NotificationRule)

    (assumed,) = rule.assumptions
    assert str(assumed) == (
        "「営業時間内のみ」の時間帯が書かれていません。"
        "運用体制の対応時間が一つならその時間、そうでなければ平日09:00-18:00とします"
    )


@pytest.mark.parametrize(
    ("remark", "after"), [("5分継続後", "5分"), ("日次まとめ(9:00)", "None"), ("当番宛て", "None")]
)
def test_a_list_entry_may_end_with_its_timing(read: Read, remark: str, after: str) -> None:
    (rule,) = read("## 通知", f"- 警告: Slack、メール（{remark}）").of(NotificationRule)

    assert str(rule.delivery.after) == after
    assert [str(channel.kind) for channel in rule.channels] == ["Slack", "メール"]


def test_a_list_entry_with_an_unknown_timing_is_unread(read: Read) -> None:
    design = read("## 通知", "- 警告: Slack（営業が始まる前）")

    assert design.of(NotificationRule) == ()
    assert len(design.unread) == 1


def test_the_last_of_several_to_be_told_is_not_taken_for_the_recipient(read: Read) -> None:
    design = read(
        "## Alert recipients",
        "| Severity | Primary | Secondary | Escalation |",
        "|-|-|-|-|",
        "| Critical | Night shift | Plant manager | CEO |",
    )

    assert not design.of(NotificationRule)
    assert [row.reason.code for row in design.unread] == ["design.notices-in-tiers"]


def test_notices_of_a_scale_from_0_have_its_severities(read: Read) -> None:
    rows = (f"| P{number} | 当番 | Slack |" for number in range(3))
    design = read("## アラート通知", "| レベル | 通知先 | 通知方法 |", "|-|-|-|", *rows)

    assert [rule.level for rule in design.of(NotificationRule)] == ["critical", "high", "medium"]
