"""What is said beside a value: a remark that changes nothing, or a condition that does.

A value that is found within a text says nothing about the words beside it: `rest_of` is the one place that
asks what became of them (docs/adr/0052).

Only what provably changes nothing may be dropped: no figure, no time, no exception, no level, no environment.
"""

import re
from collections.abc import Iterable

from toban.design.values.normal import UNDECIDED, plain

_LIMITS = re.compile(
    r"除[くき外]|以外|対象外|限(?:[りるっ]|定(?!的))|のみ|だけ(?!で)|ただし|但し|まで(?:は|の間)|に限|未満は|場合(?:は|のみ)|時(?:は|のみ)|を含まない|含まず|適用外"
    r"|\b(?:except(?:ing|ion|ions)?|exclud\w*|unless|only|but not|not (?:in|for|on|during)|until|without|other than|applies to)\b",
    re.IGNORECASE,
)
"""Words by which a rule holds for less than it says."""
_CHANGES = re.compile(
    r"[\d<>=≤≥±%]|[一二三四五六七八九十数][日週月年時分秒]|平日|営業|休日|祝|土日|週末|夜間|日中|深夜|早朝|時間帯|[月火水木金土日]曜|繁忙|翌|毎"
    r"|平均|最[大小](?!化)|最低|中央値|合計|累計|移動|継続|連続|持続|以上|以下|以内|超|未満|または|もしくは|かつ|ごと|あたり"
    r"|本番|検証|開発|ステージング|テスト環境|警告|異常|重大|緊急|危険"
    r"|場合|[るた]時|際|期間中|必要|後(?!半)|案|仮|目標"
    r"|\b(?:avg|average|mean|max(?:imum)?|min(?:imum)?(?! (?:\w+ )?(?:standard|requirement)s?\b)|median|sum|total|rolling|sustained|consecutive|per|or|and|when|if|during|while|after|before"
    r"|business|working|week\w*|weekend\w*|holiday\w*|night\w*|hours?|days?|dai?ly|hourly|monthly"
    r"|prod(?:uction)?|staging|dev(?:elopment)?|test|critical|warning|page|planned|proposed|target)\b",
    re.IGNORECASE,
)
_INCLUDES = re.compile(r"\b(?:too|as well|included)$|(?<=[^とて])も$|を?含む$", re.IGNORECASE)
"""What is not left out anyway: < 30 minutes (at night too)."""
_LEAST = 2
"""A shorter piece may stand in the text by chance."""
_BETWEEN = re.compile(r"[\s\ufe0f、。,.;:/・→⇒|+&!()\[\]「」『』【】{}#*\"'`_~\-]+")
_FILLER = re.compile(
    r"(?:[はをにへがのでともや]|から|まで|より|以内|および|及び|ならびに|等|など|さん|する|します"
    r"|to|within|and|the|an?|of|in|by|at|on|via|with|then)*",
    re.ASCII,
)
"""What only joins the pieces."""
_BRACKET = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]$")


def limits(text: str) -> bool:
    """Say whether the words take something out of a rule: 計画停止を除く, 平日のみ, except on holidays."""
    return _LIMITS.search(plain(text)) is not None


def is_remark(text: str) -> bool:
    """Say whether *text*, which stands in brackets beside a value, provably changes nothing about it."""
    said = plain(text)
    if _INCLUDES.search(said) and not re.search(r"\d", said):
        return True
    return not (limits(said) or _CHANGES.search(said) or UNDECIDED.search(said))


def without_remark(text: str) -> str:
    """Return *text* without the bracket at its end, if that is a mere remark."""
    found = _BRACKET.search(text)
    return text[: found.start()] if found and is_remark(found[1]) else text


def rest_of(text: str, pieces: Iterable[str]) -> str:
    """Return the words of *text* that are in none of *pieces* and do more than join them.

    A piece may be longer than the text; what a text says twice was read once.
    """
    said = whole = _folded(text)
    known = sorted(set(map(_folded, pieces)), key=len, reverse=True)
    for piece in known:
        if whole in piece:
            return ""
        if len(piece) >= _LEAST:
            said = said.replace(piece, " ", 1)
    words = [word for word in _BETWEEN.split(said) if not _FILLER.fullmatch(word)]
    held = {word for piece in known for word in _BETWEEN.split(piece)} if words else set()
    return " ".join(word for word in words if word not in held)


def _folded(text: str) -> str:
    return plain(text).lower()
