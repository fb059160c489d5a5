"""Thresholds and ranges: 70%, 0-60%, > 80%, 80%以上が5分継続, 連続3回, 5分間に10件以上, 14日未満."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from toban.design.values.duration import DURATION, Duration, TimeUnit, duration_of
from toban.design.values.normal import UNDECIDED, plain
from toban.design.values.quantity import QUANTITY, QUANTITY_BEFORE_WORDS, Quantity, quantity_of
from toban.design.values.remark import without_remark
from toban.message import Message
from toban.message import plain as verbatim


class Comparison(StrEnum):
    """How a measured value is compared with the limit; the threshold is reached if the comparison is true."""

    AT_LEAST = ">="
    ABOVE = ">"
    AT_MOST = "<="
    BELOW = "<"
    EQUAL = "="

    def holds(self, value: float, limit: float) -> bool:
        """Say whether *value* is on the threshold's side of *limit*, both in one unit."""
        match self:
            case Comparison.AT_LEAST:
                return value >= limit
            case Comparison.ABOVE:
                return value > limit
            case Comparison.AT_MOST:
                return value <= limit
            case Comparison.BELOW:
                return value < limit
            case Comparison.EQUAL:
                return value == limit


_WORDS = {
    Comparison.AT_LEAST: "以上",
    Comparison.ABOVE: "超",
    Comparison.AT_MOST: "以下",
    Comparison.BELOW: "未満",
    Comparison.EQUAL: "",
}
_CODES = {
    Comparison.AT_LEAST: "design.at-least",
    Comparison.ABOVE: "design.above",
    Comparison.AT_MOST: "design.at-most",
    Comparison.BELOW: "design.below",
    Comparison.EQUAL: "design.equal-to",
}


@dataclass(frozen=True, slots=True)
class Tally:
    """So many of the last measurements (5回中3回)."""

    times: int
    of: int


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit that is reached if `value <comparison> limit` holds as long, or as often, as stated.

    A bare `70%` carries `is_bare`: the document wrote no comparison, and the reader of the row decides its
    direction from the other columns (a normal range below it, or the warning next to it).
    """

    limit: Quantity
    comparison: Comparison = Comparison.AT_LEAST
    is_bare: bool = False
    subject: str = ""
    """What the condition itself names, e.g. `p95` in `p95 > 500ms`; empty if there is only a value."""
    sustained: Duration | None = None
    """Holds only after being true this long without a break (5分継続)."""
    consecutive: int | None = None
    """Holds only after this many measurements in a row (連続3回)."""
    tally: Tally | None = None
    """Holds only if so many of the last measurements reach it."""
    within: Duration | None = None
    """Counted or averaged over this window (5分間に10件以上, 5分間平均)."""

    def __str__(self) -> str:
        head = f"{str(self.within).removesuffix('間')}間に" if self.within else ""
        subject = f"{self.subject} " if self.subject else ""
        if self.is_bare:
            condition = f"{subject}{self.limit}"
        elif self.comparison is Comparison.EQUAL:
            condition = f"{subject}= {self.limit}"
        else:
            condition = f"{subject}{self.limit}{_WORDS[self.comparison]}"
        return f"{head}{condition}{self.lasting}"

    @property
    def message(self) -> Message:
        """The condition in the reader's language: 5分間に10件以上, 10 items or more within 5 min."""
        limit = self.limit.message
        said = limit if self.is_bare else Message(_CODES[self.comparison], limit=limit)
        if self.subject:
            said = Message("design.condition-of-subject", subject=self.subject, condition=said)
        if self.within:
            said = Message("design.condition-within", window=self.within.message, condition=said)
        if self.sustained:
            said = Message("design.condition-sustained", length=self.sustained.message, condition=said)
        if self.consecutive:
            said = Message("design.condition-in-a-row", count=self.consecutive, condition=said)
        if self.tally:
            code = "design.condition-tally"
            said = Message(code, times=self.tally.times, of=self.tally.of, condition=said)
        return said

    @property
    def lasting(self) -> str:
        """How long it must hold, in the document's words: `が5分継続`, ` 連続3回`; empty means at once."""
        tail = f"が{self.sustained}継続" if self.sustained else ""
        tail += f" 連続{self.consecutive}回" if self.consecutive else ""
        return tail + (f" {self.tally.of}回中{self.tally.times}回" if self.tally else "")

    def directed(self, comparison: Comparison) -> "Threshold":
        """Return a bare threshold with the direction that its row gives it; others are returned unchanged."""
        return replace(self, comparison=comparison, is_bare=False) if self.is_bare else self


@dataclass(frozen=True, slots=True)
class Range:
    """A normal range, both ends included; an end that is not given is None."""

    low: Quantity | None
    high: Quantity | None

    @property
    def message(self) -> Message:
        """The range in the reader's language: 60%以下, 60% or less."""
        if self.high is not None and self.low is None:
            return Message("design.at-most", limit=self.high.message)
        if self.low is not None and self.high is None:
            return Message("design.at-least", limit=self.low.message)
        return verbatim(str(self))

    def __str__(self) -> str:
        if self.low is None:
            return f"{self.high}以下"
        if self.high is None:
            return f"{self.low}以上"
        same = Quantity(self.low.value) if self.low.unit == self.high.unit else self.low
        return f"{same}-{self.high}"


_SYMBOLS = {
    ">=": Comparison.AT_LEAST,
    "=>": Comparison.AT_LEAST,
    "≥": Comparison.AT_LEAST,
    "<=": Comparison.AT_MOST,
    "=<": Comparison.AT_MOST,
    "≤": Comparison.AT_MOST,
    ">": Comparison.ABOVE,
    "<": Comparison.BELOW,
    "==": Comparison.EQUAL,
    "=": Comparison.EQUAL,
}
_AFTER = {
    Comparison.AT_LEAST: r"以上|到達時?|に到達(?:時)?|に達した(?:場合|時)| or more",
    Comparison.ABOVE: r"超過(?:時|した場合)?|を?超え(?:る|た)?(?:場合|時)?|を?超|より大きい| over",
    Comparison.AT_MOST: r"以下|以内| or less",
    Comparison.BELOW: r"未満|を?下回(?:る|り|った)(?:場合|時)?|より小さい",
}
_COMPOUND = re.compile(
    r"または|もしくは|および|かつ|、|,(?!\d{3})|\b(?:or|and)\b(?! (?:more|less))|&&|\|\||[;×]|[<>].*[<>]|!=|<>|≠"
    r"|(?:秒|分|時間)連続 ?\d+ ?回"
)
_RELATIVE = re.compile(
    r"持続的|継続的|常時|通常|前[週日月年回]比|前回|予想|基準値|±|\d倍|\dx\b|\bbudget\b|%ile", re.IGNORECASE
)
_NO_UNIT = re.compile(r"以上|以下|以内|未満|超|前|連続|継続|不可|失敗|^xx")
_SUSTAINED = (
    re.compile(
        rf"(?:が|で| )*{DURATION}(?:以上)?(?:間?の?(?:継続|持続)(?:した|する)?|続(?:いた|く))(?:場合|時)?$",
        re.IGNORECASE,
    ),
    re.compile(rf" ?[(]{DURATION}(?:(?<=間)|(?:以上)?(?:継続|持続)|以上)[)]$", re.IGNORECASE),
    re.compile(rf" ?(?:\bfor|持続|継続) ?{DURATION}$", re.IGNORECASE),
    re.compile(rf"(?<=[超上過下満])(?:が|で| |: )*{DURATION}$", re.IGNORECASE),
)
_BESIDE = re.compile(rf"[(]{DURATION}(?<=間)[)]$", re.IGNORECASE)
_EVENTS = frozenset({"件", "回", "errors", "failures", "events", "times"})
_EVENT = re.compile(
    r"(?:[45]xx|\b[45]\d\d|エラー|失敗|例外|タイムアウト|再起動|拒否|不達|切断|検知|ログイン試行|\b(?:errors?|failures?|exceptions?|timeouts?|restarts?|events?))"
    r"(?:の?(?:発生)?(?:数|件数|回数)|ログ|エラー| ?(?:count|errors?|responses?))*$",
    re.IGNORECASE,
)
_MEAN_OF = re.compile(
    rf"^(?:直近|過去)?{DURATION}(?:間)?の?(?:移動)?平均(?:値)?(?:が|で|は)? ?(?=\d)", re.IGNORECASE
)
_AVERAGED = (
    re.compile(
        rf" ?[(]?(?:直近|過去)?{DURATION}(?:の)?(?:平均|移動平均| ?(?:avg|average))[)]?$", re.IGNORECASE
    ),
    re.compile(rf" (?:over|in)(?: the last)? {DURATION}$", re.IGNORECASE),
)
_IN_WORDS = re.compile(rf"(?P<limit>.*\d) ?[(](?P<length>{DURATION})[)]", re.IGNORECASE)
_WINDOW = re.compile(rf"^(?:直近|過去)?{DURATION}(?:間|以内)?(?:に|で|あたり) ?", re.IGNORECASE)
_PER = re.compile(
    r" ?(?:/|毎) ?(?P<every>\d{0,3}) ?(?P<unit>min|分間?|h|hour|時間|s|秒間?|sec|day|日間?)$", re.IGNORECASE
)
_PER_UNITS = {"m": TimeUnit.MINUTE, "分": TimeUnit.MINUTE, "h": TimeUnit.HOUR, "時": TimeUnit.HOUR}
_PER_UNITS |= {"s": TimeUnit.SECOND, "秒": TimeUnit.SECOND, "d": TimeUnit.DAY, "日": TimeUnit.DAY}
_LENGTH_AT_END = re.compile(rf"{DURATION}$", re.IGNORECASE)
_CONSECUTIVE = re.compile(
    r"(?:が|で)? ?(?:連続(?P<after>\d{1,3})回|(?P<before>\d{1,3}) ?(?:回|データポイント)連続)(?:で|して)?"
)
_OF_MEASUREMENTS = r"(?:回|データポイント|datapoints?|measurements?|times)"
_TALLY = re.compile(
    rf"(?:が|で|、|:|\bfor\b)? ?[(]?(?:(?:直近|過去)(?:の)?)?"
    rf"(?:(?P<of>\d{{1,3}}) ?{_OF_MEASUREMENTS}(?:中|の?うち)(?:の)? ?(?P<times>\d{{1,3}}) ?{_OF_MEASUREMENTS}?(?:以上)?"
    rf"|(?P<some>\d{{1,3}}) ?(?:(?:out )?of|/)(?: the last)? ?(?P<all>\d{{1,3}}) ?{_OF_MEASUREMENTS})"
    rf"[)]? ?(?:で|に)?",
    re.IGNORECASE,
)
_SYMBOL_FIRST = re.compile(rf"(?P<subject>[^<>=≤≥]{{0,60}}?) ?(?P<symbol>[<>=]=|=[<>]|[≥≤<>=]) ?{QUANTITY}")
_WORD_AFTER = re.compile(
    rf"(?P<subject>(?:[^<>=≤≥\d~]|[pP]\d{{2}}|\dxx){{0,60}}?) ?(?:が ?)?{QUANTITY_BEFORE_WORDS} ?(?P<word>"
    + "|".join(_AFTER.values())
    + r")?"
)
# The number in P1, SEV-2, Level 3, GPT-4 is part of a name.
_NAME_BEFORE_NUMBER = re.compile(
    r"[a-z]-$|(?:^|[^a-z])(?:p|s|l|sev|tier|level|priority|severity) ?$|(?:レベル|ランク|優先度|重大度|重要度) ?$",
    re.IGNORECASE,
)
_SPELLED_OUT = {
    ">=": r"at least|no less than",
    "<=": r"at most|no more than|up to",
    ">": r"more than|greater than|higher than|over|above|exceed(?:s|ing)?",
    "<": r"less than|fewer than|lower than|(?:drops |falls )?(?:below|under)",
}
_WORDS_BEFORE = re.compile(
    rf"\b(?:{'|'.join(f'({words})' for words in _SPELLED_OUT.values())}) (?=\d)", re.IGNORECASE
)
_UP_TO = re.compile(rf"~ ?{QUANTITY}")
_RANGE = re.compile(rf"{QUANTITY.replace('?P<', '?P<low_')} ?[-~] ?{QUANTITY}")


def read_threshold(text: str, of: str = "") -> Threshold | None:
    """Read one limit with its conditions; None for several limits in a cell and relative ones (通常の2倍).

    *of* is what it is of, if the text does not name that itself.
    """
    text = plain(text)
    if _COMPOUND.search(text) or _RELATIVE.search(text) or UNDECIDED.search(text):
        return None
    tally, text = _take_tally(text)
    consecutive, text = _take_consecutive(text)
    text = _with_unit(text)
    is_beside = _BESIDE.search(text) is not None
    sustained, text = _take_sustained(text)
    text = without_remark(text)
    within, text = _take_window(text)
    found = _limit(text)
    if found is None:
        return None
    if is_beside and _counts(found, of):
        sustained, within = None, sustained
    return replace(found, sustained=sustained, consecutive=consecutive, tally=tally, within=within)


def _counts(limit: Threshold, of: str) -> bool:
    """Say whether events are counted, and so in a time rather than for a time: 5xx > 10（5分間）."""
    unit = limit.limit.unit.lower()
    return unit in _EVENTS or (not unit and _EVENT.search(plain(limit.subject or of)) is not None)


def _with_unit(text: str) -> str:
    """Give a bare number the unit implied by a note that repeats it: > 300000 (5分) is in ms."""
    match = _IN_WORDS.fullmatch(text)
    found = _limit(match["limit"]) if match else None
    length = duration_of(match) if match else None
    if match is None or found is None or length is None or found.limit.unit:
        return text
    seconds = Decimal(str(length.as_timedelta().total_seconds()))
    unit = {seconds * 1000: "ms", seconds: "秒"}.get(found.limit.value)
    return f"{match['limit']}{unit}" if unit else text


def _take_sustained(text: str) -> tuple[Duration | None, str]:
    for pattern in _SUSTAINED:
        match = pattern.search(text)
        # Something that lasts must be left: 4時間 alone is a limit.
        if match and text[: match.start()].strip():
            return duration_of(match), text[: match.start()].strip()
    return None, text


def _take_tally(text: str) -> tuple[Tally | None, str]:
    match = _TALLY.search(text)
    if match is None or not (rest := (text[: match.start()] + " " + text[match.end() :]).strip()):
        return None, text
    tally = Tally(int(match["times"] or match["some"]), int(match["of"] or match["all"]))
    return (tally, rest) if 0 < tally.times <= tally.of else (None, text)


def _take_consecutive(text: str) -> tuple[int | None, str]:
    match = _CONSECUTIVE.search(text)
    if match is None or not (rest := (text[: match.start()] + text[match.end() :]).strip()):
        return None, text
    return int(match["after"] or match["before"]), rest


def _take_window(text: str) -> tuple[Duration | None, str]:
    if match := _MEAN_OF.match(text):
        return duration_of(match), text[match.end() :]
    if (match := _WINDOW.match(text)) and text[match.end() :]:
        return duration_of(match), text[match.end() :]
    for pattern in _AVERAGED:
        if (match := pattern.search(text)) and text[: match.start()].strip():
            return duration_of(match), text[: match.start()].strip()
    match = _PER.search(text)
    # 10GB/日 is counted per day, but a date or a fraction is not a window. 500ms / 1秒 is two limits, not a
    # count per second.
    if match is None or not (rest := text[: match.start()].strip()) or _LENGTH_AT_END.search(rest):
        return None, text
    unit = _PER_UNITS[match["unit"][0].lower()]
    return Duration(Decimal(match["every"] or 1), unit), rest


def _limit(text: str) -> Threshold | None:
    text = _WORDS_BEFORE.sub(lambda found: tuple(_SPELLED_OUT)[(found.lastindex or 1) - 1], text)
    if match := _SYMBOL_FIRST.fullmatch(text):
        return Threshold(quantity_of(match), _SYMBOLS[match["symbol"]], subject=match["subject"].strip())
    match = _WORD_AFTER.fullmatch(text)
    if match is None or _is_in_a_name(text, match):
        return None
    subject = match["subject"].removesuffix("が").strip()
    word = match["word"]
    if word is None:
        limit = quantity_of(match)
        if _NO_UNIT.search(limit.unit) or subject == "連続":
            return None
        # 使用率70% is a limit; the number in "TLS 1.2" is not.
        return Threshold(limit, is_bare=True, subject=subject) if limit.unit or not subject else None
    comparison = next(comparison for comparison, words in _AFTER.items() if re.fullmatch(words, word))
    return Threshold(quantity_of(match), comparison, subject=subject)


def _is_in_a_name(text: str, match: re.Match[str]) -> bool:
    start = match.start("number") + match["number"].startswith("-")
    return _NAME_BEFORE_NUMBER.search(text[:start]) is not None


def read_range(text: str) -> Range | None:
    """Read a normal range: 0-60%, 100-200, 70%~90%, 60%以下, < 70%."""
    text = without_remark(plain(text))
    if match := _RANGE.fullmatch(text):
        low, high = _ends(match)
        return Range(low, high) if low.value <= high.value else None
    if match := _UP_TO.fullmatch(text):
        return Range(None, quantity_of(match))
    one_sided = _limit(text)
    if one_sided is None or one_sided.is_bare or one_sided.subject:
        return None
    if one_sided.comparison in (Comparison.AT_LEAST, Comparison.ABOVE):
        return Range(one_sided.limit, None)
    if one_sided.comparison in (Comparison.AT_MOST, Comparison.BELOW):
        return Range(None, one_sided.limit)
    return None


def _ends(match: re.Match[str]) -> tuple[Quantity, Quantity]:
    high = quantity_of(match)
    low = Decimal(match["low_number"].replace(",", ""))
    return Quantity(low, match["low_unit"] or high.unit), high
