"""Whether a document is written in a language that the reader knows.

Documents share many words whatever their language (p95, backup, SLO), so some rows of any would be read;
but what takes a row back, or says of what it is, stands in words that the reader does not know.
"""

import re
from collections.abc import Sequence

_KANA = re.compile(r"[ぁ-んァ-ヶ]")
_CHINESE = re.compile(r"[这们为时对个说务备级监报间应库图关门问实设动态规]")
"""Letters that Japanese writes in another form: 時, 監, 備."""
_OTHER_SCRIPT = re.compile(r"[가-힣а-яѐ-џ\u0590-\u06ff\u0900-\u0dff\u0e00-\u0e7f]", re.IGNORECASE)
_ENGLISH = re.compile(r"\b(?:the|and|of|to|in|for|is|on|with|if|are|from|by|not|all|be)\b", re.IGNORECASE)
_OTHERS = re.compile(
    r"\b(?:de|da|do|em|para|com|não|uma|os|el|la|los|las|del|en|por|una|que|con|le|les|des|du|et|pour|dans|sur|est"
    r"|une|der|die|das|und|für|mit|ist|nicht|von|il|di|che|per|een|het|và|của)\b",
    re.IGNORECASE,
)
"""Small words of the languages that use the same letters; of English, only in names and abbreviations."""
_FEW = 12
"""So many signs of another language may stand in any document: names, quotations."""
_SAMPLE = 1000
"""The lines of a long document that are looked at, spread evenly."""


def is_foreign_tongue(lines: Sequence[str]) -> bool:
    """Say whether the document is in neither Japanese nor English."""
    said = "\n".join(lines[:: max(1, len(lines) // _SAMPLE)])
    kana, chinese, others, english, foreign = (
        len(signs.findall(said)) for signs in (_KANA, _CHINESE, _OTHER_SCRIPT, _ENGLISH, _OTHERS)
    )
    if kana:
        return chinese > max(_FEW, kana)
    return chinese + others > max(_FEW, english) or foreign > max(_FEW, 2 * english)
