"""The names of an RPO and an RTO, and what they are of: RTO (DB), 重要データのRPO."""

import re

from toban.design.shapes.shape import words
from toban.design.values.normal import plain

POINT = "rpo|目標復旧時点|復旧時点目標|recovery point objective"
TIME = "rto|目標復旧時間|復旧時間目標|recovery time objective"
_OBJECTIVE = re.compile(
    rf"(?P<before>.*?)(?<![a-z])[(]?(?:(?P<point>{POINT})|(?P<time>{TIME}))(?![a-z])[)]?"
    rf"(?:\s*[(]?(?:{POINT}|{TIME})[)]?)*(?:の?(?:目標|要件|設定|基準)値?|\s*(?:targets?|objective|goal))?"
    r"(?:\s*[(](?P<inside>[^()]+)[)]|\s*(?:\bfor\b|\bof\b|[-:])\s*(?P<after>.+))?",
    re.IGNORECASE,
)
_OTHER_FIGURE = words(
    "現状|現行|実績|実測|検知|検出|判断|判定|決定|復旧|検証|切り?替え?|actual.*|current|achieved|detection|decision|restore|verification"
)
"""What stands beside RTO if the figure is only a part of it, or what was measured."""
_WHOLE = words(
    "目標|最大|推奨|暫定|参考|mvp|[本当]?システム|[本当]?サービス|分|日"
    "|.*(?:時間|時点|ポイント|損失|目標|\\b(?:time|point|objective|loss|target))|max(?:imum)?(?: .+)?"
    "|time to .+|recommended|overall|system|h|hrs?|hours?|min(?:ute)?s?|days?"
)
"""What stands beside RTO without being a subject: its name in full, a word for the whole, a unit."""
_LISTED = re.compile(r"[、,]")


def objective_named(name: str) -> tuple[str, str]:
    """Return `RPO` or `RTO` if *name* is one of them, and what it is of: RTO (DB), 重要データのRPO.

    Two empty texts if it is neither, or only a part of one (RTO（検知）), or something about it (RTO達成率).
    """
    found = _OBJECTIVE.fullmatch(plain(name))
    if found is None:
        return "", ""
    beside = [(found[part] or "").strip(" の:-/・(") for part in ("before", "inside", "after")]
    said = [
        part
        for text in beside
        for part in map(str.strip, _LISTED.split(text))
        if part and not _WHOLE.fullmatch(part.lower())
    ]
    if any(_OTHER_FIGURE.fullmatch(part.lower()) or _OBJECTIVE.search(part) for part in said):
        return "", ""
    return ("RPO" if found["point"] else "RTO"), " ".join(said)
