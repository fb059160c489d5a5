"""`toban incident measures`: what is listed, recorded, changed and withdrawn."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from tests.integration.chapters.incident.place import TOKYO, WEB, Place
from tests.integration.faces.cli.incident.conftest import Run

from toban.chapters.incident.models import PreventionMeasure
from toban.design.values.metric import Metric
from toban.engine.clock import system_clock
from toban.engine.evidence.models import LedgerEntry

pytestmark = pytest.mark.django_db

WANTED = ("--kind", "change", "--reference", "a1b2c3d", "--owner", "開発担当者")


@pytest.fixture
def number(kept: Place) -> str:
    kept.fires(WEB, Metric.UP)
    kept.look()
    return str(kept.incident().pk)


def in_days(days: int) -> str:
    return str(today() + timedelta(days=days))


def today() -> date:
    return system_clock().astimezone(TOKYO).date()


def record(
    toban: Run, number: str, words: str = "上限を設ける", *more: str, due: str = ""
) -> PreventionMeasure:
    toban(
        "measures", "record", number, words, *WANTED, "--due", due or in_days(3), *more, "--as", "nami"
    )  # fmt: skip
    return PreventionMeasure.objects.latest("pk")


def listed(toban: Run, number: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(toban("measures", "list", number, "--format", "json").output)
    return found


def test_a_measure_is_recorded_and_shown_with_what_is_missing(toban: Run, number: str) -> None:
    assert toban("measures", "list", number).output == "登録なし\n"

    made = record(toban, number)

    (shown,) = listed(toban, number)
    assert (shown["measure"], shown["state"], shown["kind"]) == (made.pk, "open", "change")
    assert (shown["owner"], shown["due_on"], shown["recorded_by"]) == ("開発担当者", in_days(3), "nami")
    words = toban("measures", "list", number).output
    assert f"◇ 期限前  {in_days(3)}  開発担当者  上限を設ける" in words
    assert "change a1b2c3d: " in words
    assert LedgerEntry.objects.get(content__order="record-measure").content["measure"] == made.pk


def test_one_whose_day_is_over_is_overdue(toban: Run, number: str) -> None:
    made = record(toban, number)
    PreventionMeasure.objects.filter(pk=made.pk).update(due_on=today() - timedelta(days=1))

    assert "■ 期限超過" in toban("measures", "list", number).output
    assert [each["state"] for each in listed(toban, number)] == ["overdue"]


def test_a_change_keeps_what_is_not_given(toban: Run, number: str) -> None:
    made = record(toban, number)

    toban("measures", "change", str(made.pk), "--due", in_days(9), "--owner", "運用責任者", "--as", "ren")

    made.refresh_from_db()
    assert (made.due_on, made.owner) == (today() + timedelta(days=9), "運用責任者")
    assert (made.words, made.kind, made.reference) == ("上限を設ける", "change", "a1b2c3d")
    toban("measures", "change", str(made.pk), "--as", "ren", status=1)
    toban("measures", "change", str(made.pk), "--words", "", "--as", "ren", status=1)


def test_one_is_withdrawn_with_a_reason_and_stays_last(toban: Run, number: str) -> None:
    first, second = record(toban, number), record(toban, number, "監視を加える")

    toban("measures", "withdraw", str(first.pk), "--reason", " ", "--as", "nami", status=1)
    toban("measures", "withdraw", str(first.pk), "--reason", "二つ目で足りる", "--as", "nami")

    assert [each["measure"] for each in listed(toban, number)] == [second.pk, first.pk]
    assert "– 取り下げ" in toban("measures", "list", number).output
    assert "二つ目で足りる" in toban("measures", "list", number).output
    toban("measures", "withdraw", str(first.pk), "--reason", "もう一度", "--as", "nami", status=1)
    toban("measures", "change", str(first.pk), "--words", "別の", "--as", "nami", status=1)


@pytest.mark.parametrize(
    "more",
    [
        ("--owner", "だれか"),
        ("--due", "2020-01-01"),
        ("--due", "2199-01-01"),
        ("--kind", "exception", "--reference", "７"),
        ("--kind", "exception", "--reference", "9" * 40),
        ("--kind", "batch", "--reference", "B999"),
        ("--kind", "row", "--reference", "DB"),
        ("--reference", ""),
        ("--reference", "x" * 501),
    ],
)
def test_what_could_never_be_proven_is_refused(toban: Run, number: str, more: tuple[str, ...]) -> None:
    words = ("measures", "record", number, "上限を設ける", *WANTED, "--due", in_days(3), *more)

    assert toban(*words, "--as", "nami", status=1).stderr
    assert not PreventionMeasure.objects.exists()


@pytest.mark.parametrize(
    "more", [("--kind", "wish"), ("--due", "soon"), ("--due", "2026-13-01"), ("--due", "12/24")]
)
def test_what_is_misspelt_is_refused(toban: Run, number: str, more: tuple[str, ...]) -> None:
    words = ("measures", "record", number, "上限を設ける", *WANTED, "--due", in_days(3), *more)

    assert "エラー: " in toban(*words, "--as", "nami", status=2).output


def test_an_unknown_number_and_a_viewer_are_refused(toban: Run, number: str) -> None:
    made = record(toban, number)
    words: tuple[str, ...]

    for unknown in ("99", "99999999999999999999999"):
        assert unknown in toban("measures", "list", unknown, status=1).stderr
        for words in (("change", unknown, "--words", "x"), ("withdraw", unknown, "--reason", "x")):
            assert unknown in toban("measures", *words, "--as", "nami", status=1).stderr
    for words in (
        ("record", number, "x", *WANTED, "--due", in_days(3)),
        ("change", str(made.pk), "--words", "x"),
        ("withdraw", str(made.pk), "--reason", "x"),
    ):
        assert "閲覧者" in toban("measures", *words, "--as", "mira", status=1).stderr
