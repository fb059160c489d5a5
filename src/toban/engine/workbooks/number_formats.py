"""A cell's value as its number format shows it: what people wrote is 99.9%, and not 0.999. Pure."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from toban.message import NOTHING, Message

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_(?P<space>.)|\*(?P<repeated>.)'
    r"|\[\$(?P<currency>[^\]-]*)(?:-[^\]]*)?\]|\[(?P<elapsed>h+|m+|s+)\]|\[(?P<bracket>[^\]]*)\]"
    r"|(?P<half>AM/PM|A/P)|(?P<letters>y+|m+|d+|h+|s+|g+|e+|a+|b+)|(?P<digits>[0#?,.]+)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_COLOURS = frozenset(["black", "blue", "cyan", "green", "magenta", "red", "white", "yellow"])
_SHORT_DATES = {"mm-dd-yy": "yyyy/m/d", "m/d/yy h:mm": "yyyy/m/d h:mm"}
"""The formats that Excel writes as its language does: this is what Japanese Excel shows for them."""
_YEAR, _MONTH, _DAY, _HOUR, _MINUTE, _SECOND = "年月日時分秒"


@dataclass(frozen=True, slots=True)
class ShownValue:
    """What a cell shows, and what is to be said about that."""

    text: str
    why: Message = NOTHING


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


_PERCENT = _Token("other", "%")
_TEXT = _Token("other", "@")
_WITH_TEXT = 4
_BETWEEN = frozenset("/.,")


class _NotFollowed(Exception):
    """The format says something that is not known here."""


def _japanese(*parts: str) -> str:
    return "".join(f'{digits}"{unit}"' for digits, unit in zip(parts[::2], parts[1::2], strict=True))


_DATE = _japanese("yyyy", _YEAR, "m", _MONTH, "d", _DAY)
BUILT_IN = {
    30: "m/d/yy",
    31: _DATE,
    32: _japanese("h", _HOUR, "mm", _MINUTE),
    33: _japanese("h", _HOUR, "mm", _MINUTE, "ss", _SECOND),
    **dict.fromkeys((34, 52, 55), _japanese("yyyy", _YEAR, "m", _MONTH)),
    **dict.fromkeys((35, 53, 56), _japanese("m", _MONTH, "d", _DAY)),
    **dict.fromkeys((27, 28, 29, 36, 50, 51, 54, 57, 58), "[$-411]ge.m.d"),
}
"""Formats that Japanese Excel knows by number, so that no file spells them out; the last ones count eras."""


def shown(value: object, code: str) -> ShownValue:
    """Return what a cell with *value* shows in the number format *code*."""
    try:
        match value:
            case str():
                return _text(value, code)
            case bool():
                return ShownValue(str(value).upper())
            case date() | time() | timedelta():
                return _moment(value, _sections(code)[0])
            case int() | float():
                return _number(value, code)
    except _NotFollowed:
        plain = _plain(value)
        return ShownValue(plain, Message("workbooks.format-not-followed", format=code, shown=plain))
    return ShownValue("" if value is None else str(value))


def _plain(value: object) -> str:
    match value:
        case datetime():
            day = f"{value.year}/{value.month}/{value.day}"
            return f"{day} {_clock(value.time())}" if value.time() != time() else day
        case date():
            return f"{value.year}/{value.month}/{value.day}"
        case time():
            return _clock(value)
        case timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
        case float():
            # A spreadsheet calculates with 15 digits: what is beyond them nobody wrote.
            return f"{Decimal(f'{value:.15g}'):f}"
        case _:
            return str(value)


def _clock(at: time) -> str:
    return f"{at.hour}:{at.minute:02}" + (f":{at.second:02}" if at.second else "")


def _sections(code: str) -> list[list[_Token]]:
    """Return the parts of *code* for positive values, negative ones, zero and text, as far as it has them."""
    sections: list[list[_Token]] = [[]]
    for match in _TOKEN.finditer(_SHORT_DATES.get(code, code)):
        kind = match.lastgroup or "other"
        if kind == "other" and match[0] == ";":
            sections.append([])
        else:
            sections[-1].append(_Token(kind, match[kind]))
    return sections


def _literal(token: _Token) -> str:
    match token:
        case _Token("quoted" | "escaped" | "currency", text):
            return text
        case _Token("space"):
            return " "
        case _Token("repeated"):
            return ""
        case _Token("bracket", text) if text.lower() in _COLOURS:
            return ""
        case _Token("other", text) if text not in "@/":
            return text
    raise _NotFollowed


def _text(value: str, code: str) -> ShownValue:
    sections = _sections(code)
    if _TEXT in sections[-1]:
        said = (value if each == _TEXT else _literal(each) for each in sections[-1])
        return ShownValue("".join(said).strip())
    if len(sections) < _WITH_TEXT:
        return ShownValue(value.strip())
    hidden = Message("workbooks.value-is-hidden", exact=value.strip())
    return ShownValue("".join(map(_literal, sections[-1])).strip(), hidden)


def _number(value: float, code: str) -> ShownValue:
    sections = _sections(code)
    tokens, exact = sections[0], Decimal(_plain(value))
    if exact < 0 and len(sections) > 1:
        # It says itself how negative numbers look, such as in brackets.
        tokens, exact = sections[1], -exact
    elif exact == 0 and len(sections) > 2:
        tokens = sections[2]
    if _is_general(tokens):
        return ShownValue(_plain(value))
    numbers = [each for each in tokens if each.kind == "digits"]
    if not numbers:
        hidden = Message("workbooks.value-is-hidden", exact=_plain(value))
        return ShownValue("".join(map(_literal, tokens)).strip(), hidden)
    if len(numbers) > 1:
        raise _NotFollowed
    exact *= 100 ** tokens.count(_PERCENT)
    written, rounded = _digits(abs(exact), numbers[0].text)
    sign = "-" if exact < 0 and rounded else ""
    text = "".join(written if each.kind == "digits" else _literal(each) for each in tokens)
    why = NOTHING if rounded == abs(exact) else Message("workbooks.rounded", exact=_plain(value))
    return ShownValue(f"{sign}{text}".strip(), why)


def _is_general(tokens: list[_Token]) -> bool:
    return "".join(each.text for each in tokens).lower() in {"general", "@"}


def _digits(value: Decimal, pattern: str) -> tuple[str, Decimal]:
    """Return *value* as *pattern* (`#,##0.0#`) shows it, and as rounded for that."""
    whole, _, fraction = pattern.partition(".")
    if "." in fraction or whole.endswith(","):
        raise _NotFollowed
    try:
        rounded = value.quantize(Decimal(1).scaleb(-len(fraction)), ROUND_HALF_UP)
    except InvalidOperation as flaw:
        raise _NotFollowed from flaw
    before, _, behind = f"{rounded:f}".partition(".")
    needed = fraction.rstrip("#?")
    while len(behind) > len(needed) and behind.endswith("0"):
        behind = behind[:-1]
    before = before.zfill(whole.count("0")) if "0" in whole else before.lstrip("0")
    if "," in whole:
        before = f"{int(before or 0):,}"
    return f"{before}.{behind}" if behind or "." in pattern else before, rounded


def _moment(value: object, tokens: list[_Token]) -> ShownValue:
    letters = [each for each in tokens if each.kind in {"letters", "elapsed"}]
    if not letters:
        raise _NotFollowed
    is_half = any(each.kind == "half" for each in tokens)
    said: list[str] = []
    for at, token in enumerate(tokens):
        if token.kind == "half":
            said.append("AM" if _part(value, "hour") < 12 else "PM")
        elif token.kind == "elapsed":
            said.append(_elapsed(value, token.text.lower()))
        elif token.kind == "letters":
            said.append(_of_moment(value, _meaning(tokens, at), is_half=is_half))
        elif token.text in _BETWEEN:
            said.append(token.text)
        else:
            said.append(_literal(token))
    return ShownValue("".join(said).strip())


def _meaning(tokens: list[_Token], at: int) -> str:
    """Return the letters at *at*; `n` for minutes: `m` too, but beside hours or seconds."""
    text = tokens[at].text.lower()
    if text[0] != "m" or len(text) > 2:
        return text
    before = next(
        (each.text.lower() for each in reversed(tokens[:at]) if each.kind in {"letters", "elapsed"}), ""
    )
    after = next((each.text.lower() for each in tokens[at + 1 :] if each.kind in {"letters", "elapsed"}), "")
    return "n" * len(text) if before.startswith("h") or after.startswith("s") else text


def _of_moment(value: object, letters: str, *, is_half: bool) -> str:
    names = {"y": "year", "m": "month", "d": "day", "h": "hour", "n": "minute", "s": "second"}
    # Weekdays, months by name and eras are words of a language; the value is said without them.
    if letters[0] not in names or len(letters) > (4 if letters[0] == "y" else 2):
        raise _NotFollowed
    part = _part(value, names[letters[0]])
    if letters[0] == "y":
        return f"{part % 100:02}" if len(letters) < 3 else f"{part:04}"
    if letters[0] == "h" and is_half:
        part = part % 12 or 12
    return f"{part:0{len(letters)}}"


def _part(value: object, name: str) -> int:
    if isinstance(value, timedelta):
        value = (datetime.combine(date.min, time()) + value % timedelta(days=1)).time()
    part = getattr(value, name, None)
    if part is None:
        raise _NotFollowed
    return int(part)


def _elapsed(value: object, letters: str) -> str:
    if not isinstance(value, timedelta) or value < timedelta():
        raise _NotFollowed
    unit = {"h": 3600, "m": 60, "s": 1}[letters[0]]
    return f"{round(value.total_seconds()) // unit:0{len(letters)}}"
