"""`toban report`, next to a running Toban."""

import json
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pypdf import PdfReader
from pytest_django import Settings
from tests.integration.engine.reports.conftest import BINDINGS, DOCUMENT, END, LATER, october
from tests.registered import PARTS

from toban.engine.people.models import Operator
from toban.faces.cli.reports import report
from toban.faces.cli.reports.report import command

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("october")]

__all__ = ["october"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "運用設計書.md").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "toban.toml").write_text(BINDINGS, encoding="utf-8")
    monkeypatch.setenv("TOBAN_DESIGN", str(tmp_path / "運用設計書.md"))
    monkeypatch.delenv("TOBAN_BINDINGS", raising=False)
    monkeypatch.setattr(report, "system_clock", lambda: LATER.astimezone(UTC))
    settings.HOME = tmp_path / "home"
    Operator.objects.create_user("hanako", "hanako@example.com")
    return tmp_path


def ordered(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, obj=PARTS)


def as_json(*more: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ordered("2026-10", "--format", "json", *more).stdout)
    return found


def test_json_gives_each_figure_with_row_evidence_formula_and_raw_rows() -> None:
    told = as_json()

    assert (told["month"], told["is_running"], told["zone"]) == ("2026-10", False, "Asia/Tokyo")
    levels = next(each for each in told["sections"] if each["part"] == "service-levels")
    figure = next(each for each in levels["figures"] if each["key"] == "level-1-unplanned")
    assert figure["at"].endswith("運用設計書.md:6")
    assert figure["formula"].startswith("(SUM(amount)-SUM(planned_amount))/")
    assert {"first", "last", "count"} == set(figure["evidence"] or {"first": 0, "last": 0, "count": 0})
    (table,) = (each for each in levels["tables"] if each["key"] == figure["table"])
    assert len(table["rows"]) == 31


def test_markdown_has_boxes_figures_and_lists() -> None:
    said = ordered("2026-10").stdout

    assert said.startswith("# 月次運用報告書 ショップ 2026-10\n")
    assert "| 作成 | 確認 | 承認 |" in said
    assert "## 2. サービスレベル" in said
    assert "決済が遅い" in said


def test_a_file_is_written_in_a_language(tmp_path: Path) -> None:
    done = ordered("2026-10", "--md", str(tmp_path / "r.md"), "--language", "en")

    assert done.exit_code == 0
    assert (tmp_path / "r.md").read_text(encoding="utf-8").startswith("# Monthly operations report")


def test_a_pdf_says_the_same_and_is_always_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        assert ordered("2026-10", "--pdf", str(tmp_path / name)).exit_code == 0

    text = "\n".join(page.extract_text() for page in PdfReader(tmp_path / "a.pdf").pages)
    for said in ("月次運用報告書 ショップ 2026-10", "作成", "決済が遅い", "COUNTIF(verdict,", "99.977%"):
        assert said in text
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_a_pdf_without_a_japanese_font_ends_with_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOBAN_FONT", str(tmp_path / "none.ttf"))

    assert ordered("2026-10", "--pdf", str(tmp_path / "a.pdf")).exit_code == 2


def test_a_file_that_cannot_be_written_ends_with_two(tmp_path: Path) -> None:
    assert ordered("2026-10", "--md", str(tmp_path / "no/r.md")).exit_code == 2


@pytest.mark.parametrize("more", [("--format", "json"), ()])
def test_the_edition_for_customers_has_no_names_in_any_format(more: tuple[str, ...]) -> None:
    inside, outside = ordered("2026-10", *more).stdout, ordered("2026-10", "--without-names", *more).stdout

    assert "hanako" in inside
    assert "田中花子" in inside
    for name in ("hanako", "田中花子", "tanaka"):
        assert name not in outside
    assert "API | CPU使用率" in outside.replace("\\", "")


def test_a_month_to_come_is_refused_in_words() -> None:
    done = ordered("2026-12")

    assert done.exit_code == 1
    assert "2026-12 はまだ始まっていません" in done.stderr


def test_the_same_month_gives_the_same_figures_whenever_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ordered("2026-10").stdout
    monkeypatch.setattr(report, "system_clock", lambda: (LATER + timedelta(days=20)).astimezone(UTC))
    after = ordered("2026-10").stdout

    changed = set(before.splitlines()) ^ set(after.splitlines())
    assert END < LATER
    assert all("集計時刻" in each for each in changed)
