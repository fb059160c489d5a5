"""How soon people respond and recover: 即時対応 (1時間以内復旧), Page on-call within 15 min."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from toban.design.assumption import Assumption
from toban.design.section import normalise
from toban.design.shapes.shape import Cells, words
from toban.design.values.duration import Duration, TimeUnit, read_duration, read_within
from toban.design.values.people import Recipient, read_channels, read_recipients
from toban.design.values.remark import is_remark, rest_of
from toban.message import Message

_RECOVERY = re.compile(r"復旧|解決|回復|完了|restor|resol|recover|fix")
_BY = words(r"(?P<who>[^、。]{1,20}?)による(?P<how>即時)?(?P<done>対応|復旧)")
_IMMEDIATE = words(r"即時|即座|直ち|すぐ|\bimmediate(?:ly)?\b|\bat once\b|\binstant")
_PIECES = re.compile(r"[、,;\n]|\(|\)|→| / ")
_NOT_COUNTED = words(
    r"24 ?時間(?: ?365 ?日)?(?:対応|体制)?|24(?:/| ?x ?)7(?:/365)?|24 ?hours(?: a day)?"
    r"|(?:平日の?)?(?:営業|業務|勤務|開庁)時間(?:内|中)?|(?:during |in |within )?"
    r"(?:business|office|working) hours"
)
"""Hours beside a time to respond in: the clause counts around the clock, and says so."""
_NEXT_BUSINESS_DAY = words("翌営業日|next business day")
_WORDING = re.compile(
    r"(?:に)?(?:対応|復旧|解決|回復|初動|着手|開始|受付|応答|完了|を目標|目標|目安|以内に)+(?:開始)?$|^(?:初動|対応|復旧|解決)[:：]?"
    r"|^(?:(?:page|call)(?: the)?(?: on-?call(?: engineer)?)?|ack(?:nowledged?)?|respon(?:d|se)|engage|triage"
    r"|(?:resol|restor|recover|fix|mitigat)\w*):?(?= |$)(?: (?:with)?in\b)?"
)


@dataclass(frozen=True, slots=True)
class Response:
    """The times that one cell promises."""

    respond: Duration | None = None
    is_immediate: bool = False
    recover: Duration | None = None
    unused: tuple[str, ...] = ()
    """What it says beside them."""


def read_response(text: str) -> Response | None:
    """Read 即時対応 (1時間以内復旧): each piece is a response or recovery time.

    None if there is none, and if a piece is something else: 翌営業日 (呼び出しなし).
    """
    found = Response()
    plain = normalise(text).replace("開庁日", "営業日")
    for piece in filter(None, (part.strip() for part in _PIECES.split(plain))):
        bare = _WORDING.sub("", piece).strip()
        limit = read_within(piece) or read_within(bare) or read_duration(bare)
        if limit is None and _is_all(_NEXT_BUSINESS_DAY, bare):
            limit = Duration(Decimal(1), TimeUnit.BUSINESS_DAY)
        said_again = found.recover if _RECOVERY.search(piece) else found.respond
        if _is_all(_IMMEDIATE, bare):
            found = replace(found, is_immediate=True)
        elif (found != Response() and _NOT_COUNTED.fullmatch(piece)) or read_channels(piece):
            found = replace(found, unused=(*found.unused, piece))
        elif limit is None or said_again is not None:
            return None
        elif _RECOVERY.search(piece):
            found = replace(found, recover=limit)
        else:
            found = replace(found, respond=limit)
    return None if found == Response(unused=found.unused) else found


def _is_all(pattern: re.Pattern[str], text: str) -> bool:
    """Say whether *text* is what *pattern* finds in it, and nothing else."""
    found = pattern.search(text)
    return found is not None and not rest_of(text, (found.group(),))


def handled(cells: Cells) -> Response:
    """Return the times in a column of what is done; 開発者による即時対応 says who does it, too."""
    text = cells["handling"]
    by = _BY.fullmatch(normalise(text))
    response = read_response((by["how"] or "") if by else text)
    if response is not None or by is not None:
        cells.take("handling")
    return response or Response()


def _is_described(cells: Cells) -> bool:
    """Say whether what is done is told in words that state no time, level or exception: 当番が見る."""
    return "handling" not in cells.whole and bool(cells["handling"]) and is_remark(cells["handling"])


def people_of(handling: str) -> tuple[Recipient, ...]:
    by = _BY.fullmatch(handling.strip())
    return (by and read_recipients(by["who"])) or ()


def unused_words(cells: Cells, *responses: Response) -> tuple[Assumption, ...]:
    """Say what stands beside the times, or tells what is done, and is not acted on."""
    beside = (Message("design.words-not-used", words=piece) for each in responses for piece in each.unused)
    said = [Assumption(each, Message("design.why-not-counted")) for each in beside]
    if _is_described(cells):
        shown = Message("design.handling-not-used", words=cells["handling"])
        said.append(Assumption(shown, Message("design.why-not-acted-on")))
        cells.take("handling")
    return tuple(said)
