"""How searches are written, whatever they look for: `level:ERROR "card declined" -health status:>=500`. Pure.

Terms stand side by side. A word or a quoted text stands alone or as the value of a field; `:>=` and its like
compare; a minus before a term, or `!` before one of a field, turns it round.
"""

import re
from dataclasses import dataclass
from typing import Self

from toban.engine.said import Said

LONGEST = 1000
"""Characters of a search."""

_PART = re.compile(
    r"""(?P<not>-|!(?=[^\s:"]+:))?
    (?:(?P<field>[^\s:"<>=-][^\s:"<>=]*)(?P<relation>:(?:>=|<=|>|<)?))?
    (?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[^\s"]+))\s*""",
    re.VERBOSE,
)
# Whatever else a value holds, a relation or a star at its end among it, quotes take it as it is.
_PLAIN = re.compile(r"[\w/.-]+")


class BadSearch(Exception):
    """The search can't be read; the message says which part of it.

    It may hold `%(name)s` for what is given by that name, and is an entry of the catalogues.
    """

    def __init__(self, message: str, **values: object) -> None:
        self.said = Said(message, values)
        super().__init__(str(self.said))


@dataclass(frozen=True, slots=True)
class Part:
    """What stands for one term."""

    written: str
    field: str
    """Empty where there is only a value."""
    relation: str
    """`>=`, `<=`, `>`, `<`, or empty."""
    value: str
    is_quoted: bool
    negated: bool

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        quoted = match["quoted"]
        return cls(
            written=match[0].rstrip(),
            field=match["field"] or "",
            relation=(match["relation"] or ":")[1:],
            value=re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else match["word"],
            is_quoted=quoted is not None,
            negated=match["not"] is not None,
        )

    def not_a_number(self) -> BadSearch:
        """Return the error of a value that has to be one."""
        if self.relation:
            return BadSearch(
                "「%(part)s」: %(relation)s の後には数を書いてください",
                part=self.written,
                relation=self.relation,
            )
        return BadSearch(
            "「%(part)s」: %(field)s には数を書いてください", part=self.written, field=self.field
        )


def parts_of(written: str, most: int) -> list[Part]:
    """Return what stands in a search for its terms, of which it may have *most*; raises `BadSearch`."""
    text = written.strip()
    if len(text) > LONGEST:
        raise BadSearch("検索は %(most)s 文字までです", most=LONGEST)
    parts: list[Part] = []
    place = 0
    while place < len(text):
        match = _PART.match(text, place)
        if match is None:
            part = text[place : place + 20]
            raise BadSearch("「%(part)s」が読めません: 引用符は閉じてください", part=part)
        parts.append(Part.of(match))
        place = match.end()
    if len(parts) > most:
        raise BadSearch("条件は %(most)s 個までです", most=most)
    return parts


def term(field: str, value: str, *, negated: bool = False) -> str:
    """Write the term that holds of what has *value* as its *field*, and of nothing else."""
    written = value if _PLAIN.fullmatch(value) else quoted(value)
    return f"{'-' if negated else ''}{field}:{written}"


def quoted(text: str) -> str:
    """Write the term that holds of what *text* stands in."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
