"""One spelling for what documents spell in many ways: full-width characters, entities, emphasis, spaces."""

import html
import re
import unicodedata

_EMPHASIS = re.compile(r"\*\*|__|`|~~")
_SPACES = re.compile(r"\s+")
_SPACE_AROUND_FIGURE = re.compile(r"(?<=[0-9]) (?=[ぁ-んァ-ヶ一-龠々%])|(?<=[ぁ-んァ-ヶ一-龠々]) (?=[0-9])")
_MARKS = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-") | dict.fromkeys("〜∼", "~") | {"≧": "≥", "≦": "≤"})
# ー is a letter between kana (サーバー) and a dash only between numbers.
_LONG_VOWEL_AS_DASH = re.compile(r"(?<=[0-9%])\s*ー\s*(?=[0-9])")

UNDECIDED = re.compile(r"未定|検討中|要確認|要検討|決定後|暫定|例:|\bTB[DA]\b", re.IGNORECASE)
"""Words by which authors say that a figure is not settled yet; match on `plain` text."""


def plain(text: str) -> str:
    """Return *text* in NFKC without entities, emphasis and extra spaces, and with dashes as `-` and `~`.

    A space between a number and Japanese is dropped too: `第 1 水曜 15:00` becomes `第1水曜15:00`.
    """
    text = unicodedata.normalize("NFKC", html.unescape(text)).translate(_MARKS)
    text = _LONG_VOWEL_AS_DASH.sub("-", _EMPHASIS.sub("", text))
    return _SPACE_AROUND_FIGURE.sub("", _SPACES.sub(" ", text)).strip()
