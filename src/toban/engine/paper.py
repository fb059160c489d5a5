"""PDF sheets with Japanese text, such as certificates.

PDF readers have no Japanese font of their own to fall back on, so a sheet embeds the part of the font that it
uses. The font must be installed: Toban brings none.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont
from fpdf import FPDF

from toban.message import Message, sentences
from toban.text import printable_lines

FAMILY = "japanese"
"""The name by which a sheet knows its font: `sheet.set_font(FAMILY, size=10)`."""

_SUFFIXES = frozenset((".ttf", ".ttc", ".otf", ".otc"))
_FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path.home() / ".local/share/fonts",
    Path("/System/Library/Fonts"),
    Path("/Library/Fonts"),
)
_NAMES = (
    "ipaexg.ttf",
    "ipag.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKjp-Regular.otf",
    "NotoSansJP-Regular.otf",
    "NotoSansJP-Regular.ttf",
    "TakaoGothic.ttf",
    "VL-Gothic-Regular.ttf",
    "ヒラギノ角ゴシック W3.ttc",
)
"""Font files whose first face is Japanese if they contain several."""

_UNKNOWN = "?"
"""Printed where the font has no such sign."""
_ASKING = 10
"""Seconds to wait for fontconfig; it may be building its cache."""


class NoFont(Exception):
    """No Japanese font can be used here; the message says how to get one."""

    HINT = Message("engine.install-a-font")

    def __init__(self, why: Message) -> None:
        super().__init__(sentences(why, self.HINT))
        self.why = why


@dataclass(frozen=True, slots=True)
class Font:
    """A face in a font file."""

    file: Path
    number: int = 0
    """Which face of a collection (.ttc)."""


def font() -> Font:
    """Return the Japanese font to print with, or raise `NoFont`.

    It is the file in TOBAN_FONT, or else fontconfig's font for Japanese, or else a font in one of the usual
    folders that is known to be Japanese.
    """
    chosen = os.environ.get("TOBAN_FONT", "")
    if chosen:
        return _chosen(Path(chosen))
    found = _asked_of_fontconfig() or next(_in_folders(_FOLDERS), None)
    if found is None:
        raise NoFont(Message("engine.no-japanese-font"))
    return found


def sheet(title: str, at: datetime, face: Font) -> FPDF:
    """Return an A4 document without pages, with *face* set at 10 points under the name `FAMILY`.

    The same calls on it always give the same bytes: its date is *at*, and nothing else in it varies.
    """
    made = FPDF(format="A4")
    made.set_title(title)
    made.set_creator("Toban")
    made.set_creation_date(at)
    made.add_font(FAMILY, fname=face.file, collection_font_number=face.number)
    made.set_font(FAMILY, size=10)
    return made


def unprintable(text: str, face: Font) -> str:
    """Return the characters of *text* that *face* does not have, each once."""
    glyphs = _glyphs(face)
    return "".join(dict.fromkeys(each for each in text if not each.isspace() and ord(each) not in glyphs))


def printable(text: str, face: Font) -> str:
    """Return *text* as *face* can print it: what it lacks becomes a question mark."""
    clean = printable_lines(text).replace("\t", " ")
    missing = unprintable(clean, face)
    return clean.translate({ord(each): _UNKNOWN for each in missing}) if missing else clean


@lru_cache(maxsize=4)
def _glyphs(face: Font) -> frozenset[int]:
    with TTFont(face.file, fontNumber=face.number, lazy=True) as opened:
        return frozenset(opened.getBestCmap())


def _chosen(file: Path) -> Font:
    if file.suffix.lower() not in _SUFFIXES:
        raise NoFont(Message("engine.not-a-font", file=file))
    if not file.is_file():
        raise NoFont(Message("engine.no-font-file", file=file))
    return Font(file)


def _asked_of_fontconfig() -> Font | None:
    program = shutil.which("fc-match")
    if program is None:
        return None
    question = [program, "--format=%{file}\n%{index}\n%{lang}", "sans-serif:lang=ja"]
    try:
        answer = subprocess.run(question, capture_output=True, timeout=_ASKING, check=True)
    except (subprocess.SubprocessError, OSError):
        return None
    return read_answer(os.fsdecode(answer.stdout))


def read_answer(answer: str) -> Font | None:
    """Return the font that fontconfig's *answer* names, in three lines: file, index, languages.

    Returns None if it is not a usable Japanese font: fontconfig names its nearest match, Japanese or not.
    """
    match answer.split("\n"):
        case [name, index, languages] if "ja" in languages.split("|"):
            file = Path(name)
        case _:
            return None
    if file.suffix.lower() not in _SUFFIXES or not file.is_file():
        return None
    # The upper 16 bits of the number are the instance of a variable font.
    return Font(file, int(index) & 0xFFFF)


def _in_folders(folders: Sequence[Path]) -> Iterator[Font]:
    files = {file.name: file for folder in folders for file in folder.rglob("*") if file.name in _NAMES}
    return (Font(files[name]) for name in _NAMES if name in files)
