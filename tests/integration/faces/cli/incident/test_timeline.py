"""`toban incident timeline`: what is listed, filtered, exported, added, amended and hidden."""

import json
from datetime import timedelta

import pytest
from tests.integration.chapters.incident.place import WEB, Place
from tests.integration.faces.cli.incident.conftest import Run

from toban.chapters.incident.models import TimelineEntry
from toban.chapters.incident.timeline.gathering import gather
from toban.chapters.incident.timeline.scene import scene_of
from toban.design.values.metric import Metric
from toban.engine.clock import system_clock
from toban.engine.evidence.models import LedgerEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(kept: Place) -> str:
    """An incident whose timeline is gathered."""
    kept.fires(WEB, Metric.UP)
    kept.look()
    made = kept.incident()
    gather(scene_of(made, kept.edition, system_clock()))
    return str(made.pk)


def told(toban: Run, *words: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(toban("timeline", "list", *words, "--format", "json").output)
    return found


def test_lines_are_in_the_order_of_their_times_with_their_numbers(toban: Run, number: str) -> None:
    lines = told(toban, number)
    words = toban("timeline", "list", number).output.splitlines()

    assert [each["at"] for each in lines] == sorted(str(each["at"]) for each in lines)
    assert {each["kind"] for each in lines} >= {"alert", "act"}
    assert [int(each.split()[0]) for each in words] == [each["line"] for each in lines]
    assert any(f"アラート  {WEB} 死活" in each for each in words)


def test_lines_are_filtered_by_kind_and_time_and_limited_to_the_newest(toban: Run, number: str) -> None:
    toban("timeline", "add", number, "ひとつ", "--as", "nami")
    toban("timeline", "add", number, "ふたつ", "--as", "nami")

    notes = told(toban, number, "--kind", "note")
    assert [each["said"]["text"] for each in notes] == ["ひとつ", "ふたつ"]  # type: ignore[index]
    (last,) = told(toban, number, "--kind", "note", "--limit", "1")
    assert last == notes[1]
    assert told(toban, number, "--kind", "note", "--before", str(notes[1]["at"])) == [notes[0]]
    assert {each["kind"] for each in told(toban, number, "--kind", "alert", "--kind", "act")} == {
        "alert",
        "act",
    }
    assert toban("timeline", "list", number, "--kind", "remedy").output == "行はない。\n"


@pytest.mark.parametrize(
    "words",
    [
        ("list", "12", "--kind", "weather"),
        ("list", "12", "--before", "yesterday"),
        ("list", "12", "--before", "0001-01-01"),
        ("list", "12", "--limit", "501"),
        ("list", "0"),
        ("export", "12", "--format", "xml"),
        ("add", "12", "text", "--at", "9999-12-31T23:59:59-12:00", "--as", "nami"),
        ("add", "12", "text"),
        ("show", "-1"),
    ],
)
def test_what_is_misspelt_is_refused(toban: Run, words: tuple[str, ...]) -> None:
    assert "エラー: " in toban("timeline", *words, status=2).output


@pytest.mark.parametrize("number", ["99", "99999999999999999999999"])
def test_an_unknown_number_is_refused(kept: Place, toban: Run, number: str) -> None:
    assert kept.plan.levels

    for words in (
        ("list", number),
        ("export", number),
        ("add", number, "text", "--as", "nami"),
        ("show", number),
        ("amend", number, "--text", "x", "--as", "nami"),
        ("hide", number, "--as", "nami"),
    ):
        assert number in toban("timeline", *words, status=1).stderr


def test_a_line_is_added_with_its_time_and_stands_in_the_evidence(toban: Run, number: str) -> None:
    at = (system_clock() - timedelta(minutes=5)).replace(microsecond=0)

    toban(
        "timeline", "add", number, " キャッシュを消した\n再起動した ", "--at", at.isoformat(), "--as", "ren"
    )

    made = TimelineEntry.objects.get(kind="note")
    assert (str(made.said), made.at, made.by) == ("キャッシュを消した\n再起動した", at, "ren")
    assert "キャッシュを消した 再起動した (ren)" in toban("timeline", "list", number).output
    recorded = LedgerEntry.objects.get(content__order="add-timeline-entry")
    assert recorded.content["entry"] == made.pk


@pytest.mark.parametrize(
    ("text", "more"),
    [("  ", ()), ("長" * 2_001, ()), ("x", ("--at", "2020-01-01")), ("x", ("--at", "2199-01-01"))],
)
def test_no_text_a_huge_one_and_a_time_that_cannot_be_are_refused(
    toban: Run, number: str, text: str, more: tuple[str, ...]
) -> None:
    toban("timeline", "add", number, text, *more, "--as", "nami", status=1)

    assert not TimelineEntry.objects.filter(kind="note").exists()


def test_a_line_is_amended_and_what_it_said_stays(toban: Run, number: str) -> None:
    toban("timeline", "add", number, "キャッシュを消した", "--as", "nami")
    line = str(TimelineEntry.objects.get(kind="note").pk)

    toban("timeline", "amend", line, "--text", "二番目のキャッシュを消した", "--as", "ren")

    shown = toban("timeline", "show", line).output
    whole = json.loads(toban("timeline", "show", line, "--format", "json").output)
    assert "二番目のキャッシュを消した (nami, 修正済み)" in shown
    assert "ren  それまで: " in shown
    (edit,) = whole["edits"]
    assert (edit["by"], edit["said"]["text"]) == ("ren", "キャッシュを消した")
    assert str(whole["incident"]) == number
    toban("timeline", "amend", line, "--as", "ren", status=1)
    toban("timeline", "amend", line, "--text", "", "--as", "ren", status=1)


def test_what_is_hidden_stays_on_the_timeline_and_leaves_the_export(toban: Run, number: str) -> None:
    toban("timeline", "add", number, "これは *別件*", "--as", "nami")
    line = str(TimelineEntry.objects.get(kind="note").pk)
    assert "**記録** これは \\*別件\\* (nami)" in toban("timeline", "export", number).output

    toban("timeline", "hide", line, "--as", "nami")

    assert "非表示" in toban("timeline", "list", number).output
    exported = json.loads(toban("timeline", "export", number, "--format", "json").output)
    assert line not in {str(each["number"]) for each in exported}
    assert "別件" not in toban("timeline", "export", number).output
    toban("timeline", "hide", line, "--as", "nami", status=1)
    toban("timeline", "hide", line, "--undo", "--as", "nami")
    assert "別件" in toban("timeline", "export", number).output


def test_a_viewer_writes_nothing(toban: Run, number: str) -> None:
    line = str(TimelineEntry.objects.earliest("pk").pk)

    for words in (
        ("add", number, "text"),
        ("amend", line, "--text", "text"),
        ("hide", line),
    ):
        assert "閲覧者" in toban("timeline", *words, "--as", "mira", status=1).stderr
    assert not LedgerEntry.objects.filter(content__order__endswith="-timeline-entry").exists()
