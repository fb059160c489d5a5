"""Values that clauses need from running text: lists of names, and a schedule named in a sentence."""

import re

from toban.design.section import normalise
from toban.design.shapes.shape import NotUnderstood
from toban.design.values.schedule import Schedule, read_schedule
from toban.message import Message

_LISTED = re.compile(r"[、,，\n]|・(?=\S)|\s+[/／+＋&]\s+|(?<=[^\W\d_])[/／](?=[^\W\d_])(?!\S*[./])")
_MARK = re.compile(r"^[*•・]\s*|^-\s+|^\d+[.)](?!\d)\s*")
"""The mark of a list, but not the sign of an option (--delete) or the number of a section (1.2)."""
_PARTED = re.compile(r"[、\n](?![^(（「\[]*[)）」\]])")
_OF_PATH = re.compile(r"[~./:_$-]")
_TIMED = re.compile(
    r"毎月第\s?\d[月火水木金土日]曜日?|毎週[月火水木金土日]曜日?|毎日|毎朝|毎週|毎月|日次|週次|月次|年次|毎年"
    r"|四半期(?:毎|ごと)?|半期(?:毎|ごと)?|半年(?:毎|ごと)?|\d+\s?(?:分|時間|日|週間|[かヶケ]月|年)(?:毎|ごと|おき)"
    r"|[月年週]に?\s?\d+\s?回|随時|[^\s、。(]{1,12}時(?=[にはも、。:\s]|$)"
    r"|\b(?:daily|weekly|monthly|quarterly|annually|yearly|every \d+ \w+)\b"
)
_MORE_TIME = re.compile(
    r"\d:\d\d|\d時(?!間)|[月火水木金土日]曜|平日|営業日|土日|祝|除く|\b(?:week(?:day|end)s?|except)\b"
)


_DESCRIBES = re.compile(
    r"^(?:約 ?)?\d+(?:\.\d+)? ?%.*(?:削減|改善|向上|減)$|"
    r"(?:です|ます|ません|である|重要|必要|可能|十分|参照|(?:以下|次)の(?:とおり|通り)|という|[?？])$"
    r"|^(?:この|その|本(?:章|節|書|項)|当(?:社|該)|詳しくは|詳細は|なお|ただし|また)"
    r"|^(?:例|備考|補足|注意?|[^:]{0,8}(?:背景|理由|経緯)|目的|前提|概要|参考|効果|課題|対象|現状) *[:は]"
    r"|^[^:]{0,12}(?:担当者?|責任者|承認者) *:"
    r"|^(?:this|that|these|those|it|see|note|for (?:details|example)|we|there"
    r"|the (?:following|goal|purpose|aim))\b"
    r"|^(?:background|purpose|[\w ]{0,20}owner|goals?|why|benefits?|example|notes?|scope|current(?: \w+)?) *:"
    r"|^[^:]* (?:is|are) (?:a|an|the|our|very|important|essential|critical|not|about|based|used|described)\b"
)


def refuse_description(text: str) -> None:
    """Raise `NotUnderstood` if *text* orders nothing: 文書は大切です, 詳細は別紙を参照, Why: …."""
    if _DESCRIBES.search(normalise(text).rstrip("。.")):
        raise NotUnderstood(Message("design.describes-only"))


def several(text: str) -> tuple[str, ...]:
    """Return the names in a list: `CloudWatch / Datadog`, `Wiki/Git`, `再起動、切り替え`, one per line.

    Brackets keep their content together, and a path or address (`/var/log`, `a/b.log`) is one name.
    """
    names: list[str] = []
    depth = 0
    start = 0
    breaks = {found.start(): found.end() for found in _LISTED.finditer(text)}
    for index, character in enumerate(text):
        depth += (character in "(（[「") - (character in ")）]」")
        if depth <= 0 and index in breaks and not _is_in_path(text, index):
            names.append(text[start:index])
            start = breaks[index]
    names.append(text[start:])
    return tuple(name for name in (_MARK.sub("", part.strip()) for part in names) if name)


def steps_of(text: str) -> tuple[str, ...]:
    """Return what is to be done, parted by commas and lines only: 音声/通知を再送、再起動."""
    return tuple(part for part in (_MARK.sub("", part.strip()) for part in _PARTED.split(text)) if part)


def _is_in_path(text: str, index: int) -> bool:
    """Say whether the stroke at *index* goes on a path or an address: ~/.cargo/env."""
    return text[index] in "/／" and _OF_PATH.search(text[:index].rpartition(" ")[2]) is not None


def schedule_within(sentence: str) -> Schedule | None:
    """Return the schedule that a sentence names (四半期毎に文書を見直す).

    None if it says more about when (毎週月曜 9:00, 平日のみ) than was understood.
    """
    said = normalise(sentence)
    for found in _TIMED.finditer(said):
        schedule = read_schedule(found.group())
        if schedule is not None:
            rest = said[: found.start()] + " " + said[found.end() :]
            return None if _MORE_TIME.search(rest) or _TIMED.search(rest) else schedule
    return None
