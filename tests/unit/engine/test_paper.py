"""The font for Japanese PDFs, and their text."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pypdf import PdfReader

from toban.engine import paper
from toban.engine.paper import Font, NoFont

AT = datetime(2026, 11, 30, 14, tzinfo=UTC)


@pytest.fixture
def installed() -> Font:
    try:
        return paper.font()
    except NoFont as reason:
        pytest.skip(str(reason))


def printed(face: Font, text: str) -> bytes:
    sheet = paper.sheet("領収書", AT, face)
    sheet.add_page()
    sheet.cell(text=text)
    return bytes(sheet.output())


def test_printed_japanese_can_be_read_and_searched(installed: Font) -> None:
    pdf = PdfReader(io.BytesIO(printed(installed, "請求書 ※ 軽減税率 ¥1,234")))

    assert pdf.pages[0].extract_text() == "請求書 ※ 軽減税率 ¥1,234"
    assert pdf.metadata is not None
    assert pdf.metadata.title == "領収書"
    assert pdf.metadata.creation_date == AT


def test_only_the_characters_in_use_are_embedded(installed: Font) -> None:
    size = len(printed(installed, "請求書"))

    assert size < installed.file.stat().st_size / 20


def test_the_same_sheet_has_the_same_bytes(installed: Font) -> None:
    assert printed(installed, "請求書") == printed(installed, "請求書")


def test_characters_missing_from_the_font_are_named(installed: Font) -> None:
    assert paper.unprintable("青木 \U0001f600 様 \U0001f600\u3000¥1", installed) == "\U0001f600"


def test_the_configured_font_takes_precedence_over_a_found_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = tmp_path / "own.TTF"
    chosen.touch()
    monkeypatch.setenv("TOBAN_FONT", str(chosen))

    assert paper.font() == Font(chosen)


@pytest.mark.parametrize("name", ["gone.ttf", "letter.txt"])
def test_an_invalid_configured_font_is_refused_with_a_hint(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "letter.txt").touch()
    monkeypatch.setenv("TOBAN_FONT", str(tmp_path / name))

    with pytest.raises(NoFont, match=rf"{name}.*fonts-ipaexfont-gothic"):
        paper.font()


def test_the_answer_of_fontconfig_names_a_face_of_a_collection(tmp_path: Path) -> None:
    file = tmp_path / "all.ttc"
    file.touch()

    assert paper.read_answer(f"{file}\n{(2 << 16) + 3}\nen|ja|ko") == Font(file, 3)


@pytest.mark.parametrize("languages", ["en|jam", ""], ids=["the nearest it has", "none"])
def test_a_font_without_japanese_is_not_accepted(languages: str, tmp_path: Path) -> None:
    file = tmp_path / "latin.ttf"
    file.touch()

    assert paper.read_answer(f"{file}\n0\n{languages}") is None


def test_without_fontconfig_the_usual_folders_are_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("DejaVuSans.ttf", "NotoSansCJK-Regular.ttc", "ipaexg.ttf"):
        (tmp_path / "deep" / name).touch()
    monkeypatch.delenv("TOBAN_FONT", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(paper, "_FOLDERS", (tmp_path / "none", tmp_path))

    assert paper.font() == Font(tmp_path / "deep" / "ipaexg.ttf")


def test_a_machine_without_a_japanese_font_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOBAN_FONT", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(paper, "_FOLDERS", (tmp_path,))

    with pytest.raises(NoFont, match="日本語のフォントが見つかりません。apt-get install"):
        paper.font()
