"""What of a timeline stands in a report."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from toban.chapters.incident.reports.course import MOST, condensed, outside, proof_of
from toban.chapters.incident.timeline.export import as_json, markdown, shown
from toban.chapters.incident.timeline.kinds import EntryKind, TimelineLine
from toban.message import Message, plain

NOON = datetime(2026, 4, 6, 3, tzinfo=UTC)


def line(number: int, kind: EntryKind, key: str, text: str = "", *, is_hidden: bool = False) -> TimelineLine:
    at = NOON + timedelta(seconds=number)
    said = plain(text or key)
    return TimelineLine(number, key, kind, at, said, "", "", is_amended=False, is_hidden=is_hidden)


def test_alerts_that_follow_each_other_are_one_line() -> None:
    found = condensed(
        [
            *(line(n, EntryKind.ALERT, f"alert/{n}/opened") for n in range(1, 201)),
            line(201, EntryKind.NOTE, "note/a", "再起動した"),
            line(202, EntryKind.ALERT, "alert/1/resolved"),
        ]
    )

    assert [str(each.said) for each in found] == [
        "alert/1/opened、ほか 199 件",
        "再起動した",
        "alert/1/resolved",
    ]
    assert [str(each.proof) for each in found] == ["アラート 1", "経緯 201", "アラート 1"]


def test_notifications_runs_hidden_lines_and_other_alerts_are_left_out() -> None:
    found = condensed(
        [
            line(1, EntryKind.NOTICE, "delivery/1"),
            line(2, EntryKind.RUN, "run/1/began"),
            line(3, EntryKind.NOTE, "note/a", is_hidden=True),
            line(4, EntryKind.ALERT, "alert/9/beside"),
            line(5, EntryKind.LEVEL, "level/1"),
        ]
    )

    assert [str(each.said) for each in found] == ["level/1"]


def test_a_report_stays_short_and_keeps_what_people_wrote_and_both_ends() -> None:
    lines = [line(0, EntryKind.ALERT, "alert/1/opened")]
    for n in range(1, 400, 2):
        lines += [line(n, EntryKind.CHANGE, f"change/{n}"), line(n + 1, EntryKind.ALERT, f"alert/{n}/opened")]
    lines += [line(500, EntryKind.NOTE, "note/a"), line(501, EntryKind.ALERT, "alert/1/resolved")]

    found = condensed(lines)

    assert [str(each.said) for each in found] == ["alert/1/opened", "note/a", "alert/1/resolved"]
    many = [line(n, EntryKind.NOTE, f"note/{n}") for n in range(MOST + 40)]
    assert len(condensed(many)) == MOST


def test_proofs_name_what_the_line_was_gathered_from() -> None:
    keys = ("alert/12/opened", "change/345", "run/7/began", "remedy/3/wanted", "note/ab", "stage/2/x")

    assert [str(proof_of(line(9, EntryKind.NOTE, key))) for key in keys] == [
        "アラート 12",
        "証跡 345",
        "実行 7",
        "対処 3",
        "経緯 9",
        "経緯 9",
    ]


def test_customers_read_the_same_once() -> None:
    alerts = [line(n, EntryKind.ALERT, f"alert/{n}/opened") for n in (1, 3)]
    found = condensed([alerts[0], line(2, EntryKind.NOTE, "note/a"), alerts[1]])

    assert [each.outside.code for each in outside(found)] == ["incident-reports.outside-alert"]


def test_an_export_is_sorted_by_time_and_leaves_hidden_lines_out() -> None:
    lines = [
        line(3, EntryKind.NOTE, "note/c", "c | *d*"),
        line(1, EntryKind.ALERT, "alert/1/opened", "a"),
        line(2, EntryKind.NOTE, "note/b", "b", is_hidden=True),
    ]

    assert [each.number for each in shown(lines)] == [1, 3]
    zone = ZoneInfo("Asia/Tokyo")
    assert markdown(plain("停止"), lines, zone, "ja").splitlines() == [
        "# 経緯: 停止",
        "",
        "- 2026-04-06 12:00:01 **アラート** a",
        "- 2026-04-06 12:00:03 **記録** c \\| \\*d\\*",
    ]
    assert [(each["at"], each["text"], each["source"]) for each in as_json(lines, "en")] == [
        ("2026-04-06T03:00:01+00:00", "a", "alert/1/opened"),
        ("2026-04-06T03:00:03+00:00", "c | *d*", "note/c"),
    ]


def test_a_text_of_many_lines_is_one_line_of_the_export() -> None:
    lines = [line(1, EntryKind.NOTE, "note/a", "one\n- two\x1b[0m")]

    written = markdown(Message("incident-reports.number", number=1), lines, ZoneInfo("UTC"), "en")
    assert written.splitlines()[2:] == ["- 2026-04-06 03:00:01 **Note** one - two�\\[0m"]
