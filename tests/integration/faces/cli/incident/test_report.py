"""`toban incident report`: drafted, completed, asked for, shown and written to a file."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.integration.chapters.incident.place import WEB, Place
from tests.integration.faces.cli.incident.conftest import Run

from toban.chapters.incident.models import IncidentReport
from toban.design.values.metric import Metric
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.evidence.models import LedgerEntry
from toban.engine.paper import NoFont, font
from toban.engine.telemetry import present

pytestmark = pytest.mark.django_db

ANSWERS = (
    "--impact",
    "購入できなかった",
    "--cause",
    "メモリ不足",
    "--interim",
    "再起動",
    "--permanent",
    "増設",
)


@pytest.fixture(autouse=True)
def _nowhere(settings: Any) -> Any:
    """No telemetry store listens there: figures are not measured."""
    settings.TELEMETRY_URL = "http://toban:x@127.0.0.1:9/toban"
    present.telemetry.cache_clear()
    yield
    present.telemetry.cache_clear()


@pytest.fixture
def number(kept: Place) -> str:
    kept.fires(WEB, Metric.UP)
    kept.look()
    return str(kept.incident().pk)


def draft(toban: Run, number: str, kind: str = "final") -> IncidentReport:
    toban("report", "draft", number, "--kind", kind, "--as", "nami")
    return IncidentReport.objects.latest("pk")


def test_a_report_is_drafted_from_evidence_and_says_what_is_missing(toban: Run, number: str) -> None:
    assert toban("report", "list", number).output == "報告書はまだない。\n"

    drafted = toban("report", "draft", number, "--kind", "final", "--as", "nami").output

    assert "障害報告書(最終報)  1  下書き" in drafted
    assert "◆ 【要記入】利用者にできなかったこと、原因" in drafted
    shown = toban("report", "show", number).output
    assert "1. 件名\n" in shown
    assert f"{WEB} がすべて停止しています" in shown
    assert LedgerEntry.objects.get(content__order="draft-report").actor == "nami"
    assert re.search(r"^  検知: 20[^\n]*  \[アラート \d+\]$", shown, re.MULTILINE)
    assert "失敗したリクエスト: 測定していない" in shown


def test_programs_get_what_it_says_and_what_people_wrote(toban: Run, number: str) -> None:
    made = draft(toban, number)
    toban("report", "answer", number, "--cause", "メモリ不足", "--as", "ren")

    whole = json.loads(toban("report", "show", number, "--format", "json").output)
    (listed,) = json.loads(toban("report", "list", number, "--format", "json").output)

    assert (whole["report"], whole["kind"], whole["state"]) == (made.pk, "final", "draft")
    assert whole["answers"] == {"cause": "メモリ不足"}
    assert whole["unanswered"] == ["impact", "interim", "permanent"]
    cause = next(each for each in whole["parts"] if each["part"] == "cause")
    assert cause["lines"] == [{"label": "", "text": "メモリ不足", "proof": ""}]
    assert listed.items() <= whole.items()


def test_the_final_one_is_meant_unless_the_other_is_named(toban: Run, number: str) -> None:
    draft(toban, number, "preliminary")
    assert "第一報" in toban("report", "show", number).output
    draft(toban, number)

    assert "最終報" in toban("report", "show", number).output
    assert "第一報" in toban("report", "show", number, "--kind", "preliminary").output
    assert "最終報" in toban("report", "show", number, "--version", "1").output
    assert "toban incident report list" in toban("report", "show", number, "--version", "2", status=1).stderr


def test_an_empty_answer_takes_it_back_and_none_is_refused(toban: Run, number: str) -> None:
    draft(toban, number)
    toban("report", "answer", number, *ANSWERS, "--as", "ren")
    assert "要記入" not in toban("report", "list", number).output

    toban("report", "answer", number, "--cause", "", "--as", "ren")

    assert IncidentReport.objects.get().answers.keys() == {"impact", "interim", "permanent"}
    toban("report", "answer", number, "--as", "ren", status=1)
    toban("report", "answer", number, "--cause", "長" * 4_001, "--as", "ren", status=1)


def test_approval_is_asked_for_once_all_is_written(kept: Place, toban: Run, number: str) -> None:
    kept.name_measure(kept.incident())
    draft(toban, number)
    assert "書かれていない" in toban("report", "ask", number, "--as", "ren", status=1).stderr
    toban("report", "answer", number, *ANSWERS, "--as", "ren")

    asked = toban("report", "ask", number, "--as", "ren").output

    request = ApprovalRequest.objects.get()
    assert f"toban approvals approve {request.pk}" in asked
    (listed,) = json.loads(toban("report", "list", number, "--format", "json").output)
    assert (listed["state"], listed["request"]) == ("asked", request.pk)
    toban("report", "ask", number, "--as", "ren", status=1)


def test_it_is_written_as_markdown_without_names_for_customers(
    kept: Place, toban: Run, number: str, tmp_path: Path
) -> None:
    kept.name_measure(kept.incident())
    draft(toban, number)
    toban("report", "answer", number, "--cause", "nami が web-1.internal を止めた", "--as", "ren")
    inside, outside = tmp_path / "inside.md", tmp_path / "outside.MD"

    toban("report", "export", number, str(inside))
    toban("report", "export", number, str(outside), "--for", "external", "--language", "en")

    assert "web-1.internal" in inside.read_text()
    english = outside.read_text()
    assert english.startswith("# Incident report (final)")
    assert "web-1.internal" not in english
    assert "nami" not in english


def test_it_is_written_as_a_pdf(toban: Run, number: str, tmp_path: Path) -> None:
    try:
        font()
    except NoFont:
        pytest.skip("needs a Japanese font")
    draft(toban, number)
    file = tmp_path / "report.pdf"

    toban("report", "export", number, str(file))

    assert file.read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("name", ["report.docx", "report", "pdf", ".pdf"])
def test_another_format_is_refused_before_anything_is_written(
    toban: Run, number: str, tmp_path: Path, name: str
) -> None:
    draft(toban, number)

    refused = toban("report", "export", number, str(tmp_path / name), status=2)

    assert ".pdf でも .md でもない" in refused.output
    assert [*tmp_path.iterdir()] == []


def test_a_file_that_cannot_be_written_is_said(toban: Run, number: str, tmp_path: Path) -> None:
    draft(toban, number)

    refused = toban("report", "export", number, str(tmp_path / "none" / "report.md"), status=2)

    assert "報告書は書けなかった" in refused.stderr


def test_without_an_address_of_the_store_nothing_is_drafted(toban: Run, number: str, settings: Any) -> None:
    settings.TELEMETRY_URL = ""
    present.telemetry.cache_clear()

    assert toban("report", "draft", number, "--kind", "final", "--as", "nami", status=1).stderr
    assert not IncidentReport.objects.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("draft", "12", "--as", "nami"),
        ("draft", "12", "--kind", "long", "--as", "nami"),
        ("show", "12", "--version", "0"),
        ("export", "12"),
        ("export", "12", "report.pdf", "--for", "press"),
        ("export", "12", "report.pdf", "--language", "xx"),
        ("answer", "12", "--weather", "rain", "--as", "nami"),
    ],
)
def test_what_is_misspelt_is_refused(toban: Run, words: tuple[str, ...]) -> None:
    assert "エラー: " in toban("report", *words, status=2).output


def test_an_unknown_number_and_a_viewer_are_refused(toban: Run, number: str) -> None:
    words: tuple[str, ...]
    for unknown in ("99", "99999999999999999999999"):
        for words in (("list", unknown), ("show", unknown), ("export", unknown, "x.md")):
            assert unknown in toban("report", *words, status=1).stderr
    toban("report", "show", number, "--version", "99999999999999999999", status=1)
    draft(toban, number)
    for words in (("draft", number, "--kind", "final"), ("answer", number, "--cause", "x"), ("ask", number)):
        assert "閲覧者" in toban("report", *words, "--as", "mira", status=1).stderr
