"""`toban report`, next to a running Toban."""

import json
from dataclasses import replace
from datetime import UTC, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pypdf import PdfReader
from pytest_django import Settings
from tests.integration.engine.reports.conftest import (
    BINDINGS,
    DAY,
    DOCUMENT,
    END,
    LATER,
    START,
    alert,
    october,
    report_on,
)
from tests.registered import PARTS

from toban.engine.people.models import Operator, OperatorRole
from toban.faces.cli.reports import report
from toban.faces.cli.reports.report import command
from toban.faces.report.paper import pdf
from toban.faces.report.written import written

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


_DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 2"><rect width="4" height="2"/></svg>'
_DEEP = _DRAWING.replace(b"<rect", b"<g>" * 5000 + b"<rect").replace(b"</svg>", b"</g>" * 5000 + b"</svg>")
_READS_A_FILE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    b'viewBox="0 0 9 9"><image xlink:href="/etc/hostname" width="9" height="9"/></svg>'
)


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


def test_a_report_is_kept_remarked_on_and_read_again_by_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ordered("2026-10", "--keep").exit_code == 1
    Operator.objects.create_user("nami", "nami@example.com", operator_role=OperatorRole.DEVELOPER)

    done = ordered("2026-10", "--keep", "--remark", "試験のため", "--part", "alerts", "--as", "nami")

    assert done.exit_code == 0
    assert "第1版" in done.stderr
    assert "試験のため" in done.stdout
    told = as_json()
    assert (told["edition"]["number"], told["edition"]["made_by"]) == (1, "nami")
    assert [each["text"] for each in told["remarks"]] == ["試験のため"]
    monkeypatch.setattr(report, "system_clock", lambda: (LATER + timedelta(days=3)).astimezone(UTC))
    again = ordered("2026-10", "--keep", "--as", "nami")
    assert again.exit_code == 1
    assert "すべての値が同じです" in again.stderr


def test_a_corrected_edition_lists_its_differences_and_the_first_stays() -> None:
    Operator.objects.create_user("nami", "nami@example.com", operator_role=OperatorRole.DEVELOPER)
    ordered("2026-10", "--keep", "--as", "nami")
    alert(START + DAY)

    assert as_json()["edition"]["number"] == 1
    assert as_json("--anew")["edition"] is None
    ordered("2026-10", "--keep", "--as", "nami")

    found = {each["key"]: each for each in as_json()["edition"]["differences"]}
    assert found["alerts-opened"]["before"]["text"] == "3"
    assert found["alerts-opened"]["after"]["text"] == "4"
    assert "訂正: 第1版との違い" in ordered("2026-10").stdout
    assert as_json("--edition", "1")["edition"]["number"] == 1
    assert ordered("2026-10", "--edition", "3").exit_code == 1


def test_a_kept_report_gives_the_same_pdf_whenever_it_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Operator.objects.create_user("nami", "nami@example.com", operator_role=OperatorRole.DEVELOPER)
    ordered("2026-10", "--keep", "--pdf", str(tmp_path / "a.pdf"), "--as", "nami")
    alert(START + DAY)
    monkeypatch.setattr(report, "system_clock", lambda: (LATER + timedelta(days=3)).astimezone(UTC))

    ordered("2026-10", "--pdf", str(tmp_path / "b.pdf"))

    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


@pytest.mark.parametrize(
    ("content", "is_drawn"),
    [
        (_DRAWING, True),
        (b"<svg", False),
        (_READS_A_FILE, False),
        (_DEEP, False),
    ],
)  # fmt: skip
def test_a_logo_is_drawn_or_said_to_be_none(content: bytes, is_drawn: bool, home: Path) -> None:
    (home / "logo.svg").write_bytes(content)
    (home / "toban.toml").write_text(BINDINGS + '[reports]\nlogo = "logo.svg"\n', encoding="utf-8")

    assert ordered("2026-10", "--pdf", str(home / "a.pdf")).exit_code == 0

    text = PdfReader(home / "a.pdf").pages[0].extract_text()
    assert ("ロゴを描けませんでした" in text) is not is_drawn


def test_a_part_that_says_why_it_knows_nothing_is_not_said_to_be_without_occasion() -> None:
    cost = ordered("2026-10").stdout.partition("コスト\n")[2].partition("\n## ")[0]

    assert "請求データが接続されていません" in cost
    assert "該当なし" not in cost


def test_no_title_of_a_table_stands_alone_at_the_foot_of_a_page() -> None:
    said = written(report_on(), "ja")
    titles = {table.title for section in said.sections for table in section.tables}

    # Each line more moves all that follows.
    for count in range(0, 24, 2):
        moved = replace(said, notes=(*said.notes, *["x"] * count))
        pages = PdfReader(BytesIO(pdf(moved, LATER))).pages
        last = {page.extract_text().strip().splitlines()[-1] for page in pages}
        assert not last & titles, count
