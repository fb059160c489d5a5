"""When a notification leaves, as documents write it."""

import pytest

from toban.design.values.delivery import read_delivery


@pytest.mark.parametrize(
    "text",
    [
        "即時", "即座に通知", "直ちに", "すぐに連絡", "30分以内", "15分以内に応答", "within 30 minutes",
        "immediately", "発生時", "検知後すぐ", "24時間365日", "24/7", "即時（24/7）", "",
    ],
)  # fmt: skip
def test_what_asks_for_no_delay_leaves_at_once(text: str) -> None:
    timing = read_delivery(text)

    assert timing is not None
    assert timing.is_at_once


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("5分継続後", "5分"),
        ("5分継続", "5分"),
        ("５分 継続後", "5分"),
        ("5分間継続した場合", "5分"),
        ("5分以上継続したら通知", "5分"),
        ("5分後に通知", "5分"),
        ("継続5分", "5分"),
        ("90秒経過後", "90秒"),
        ("1時間30分継続後", "90分"),
        ("after 5 minutes", "5分"),
        ("if it lasts for 10 minutes", "10分"),
    ],
)
def test_a_delay_is_read_with_its_length(text: str, after: str | None) -> None:
    timing = read_delivery(text)

    assert (str(timing.after) if timing is not None else None) == after


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("平日9-18時", "平日09:00-18:00"),
        ("平日9-18時のみ", "平日09:00-18:00"),
        ("平日 9:00〜18:00 に通知", "平日09:00-18:00"),
        ("8:00-20:00", "毎日08:00-20:00"),
        ("営業時間内のみ（9:30-17:30）", "平日09:30-17:30"),
        ("平日のみ", "平日00:00-00:00"),
        ("即時（平日9-18時のみ）", "平日09:00-18:00"),
    ],
)
def test_hours_are_read(text: str, hours: str) -> None:
    timing = read_delivery(text)

    assert timing is not None
    assert (str(timing.hours), timing.is_office, timing.assumptions) == (hours, False, ())


@pytest.mark.parametrize(
    "text", ["営業時間内のみ", "業務時間内に通知", "business hours only", "2時間以内（営業時間）"]
)
def test_office_hours_without_a_clock_are_an_assumption(text: str) -> None:
    timing = read_delivery(text)

    assert timing is not None
    assert (timing.is_office, timing.hours, len(timing.assumptions)) == (True, None, 1)


@pytest.mark.parametrize(
    ("text", "digest", "assumed"),
    [
        ("日次まとめ(9:00)", "日次 09:00", 0),
        ("日次まとめ（９：００）", "日次 09:00", 0),
        ("毎日9:00にまとめて通知", "日次 09:00", 0),
        ("平日8:30にまとめて", "平日 08:30", 0),
        ("週次まとめ(月曜9:00)", "毎週月曜 09:00", 0),
        ("1時間毎にまとめて", "1時間毎", 0),
        ("daily digest at 9:00", "日次 09:00", 0),
        ("日次まとめ", "日次 09:00", 1),
    ],
)
def test_a_digest_is_read_with_its_schedule(text: str, digest: str, assumed: int) -> None:
    timing = read_delivery(text)

    assert timing is not None
    assert (str(timing.digest), len(timing.assumptions)) == (digest, assumed)


def test_a_delay_and_hours_may_go_together() -> None:
    timing = read_delivery("5分継続後、平日9-18時")

    assert timing is not None
    assert (str(timing.after), str(timing.hours)) == ("5分", "平日09:00-18:00")


@pytest.mark.parametrize(
    "text",
    [
        "5分",  # a limit or a delay?
        "翌営業日", "1営業日後", "満月の夜", "必要に応じて", "まとめて", "年次まとめ", "変更時にまとめて",
        "5分継続後、10分継続後", "平日9-18時、土日10-12時", "9:00-18:00 UTC",
    ],
)  # fmt: skip
def test_what_is_not_understood_or_contradicts_itself_is_not_guessed(text: str) -> None:
    assert read_delivery(text) is None
