"""The current status of each row, ready to be shown and sent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo

from django.utils.html import format_html
from django.utils.safestring import SafeString

from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import FIRING, Verdict
from toban.engine.exceptions.rules import CoveringException
from toban.faces.words import verdicts as words
from toban.message import Message

NOT_JUDGED = Message("document.not-judged-yet")
"""The reason of a row that has no status yet."""


@dataclass(frozen=True, slots=True)
class LiveRow:
    """One clause's status in the reader's language; the page's script patches these fields."""

    id: str
    revision: int
    verdict: str
    mark: str
    word: str
    value: str
    reason: str
    since: str
    due: str
    exception: str = ""
    """What people allow for a time about its deviation; empty if they allow nothing."""
    is_allowed: bool = False
    """Whether that is about the whole row: nobody needs to act on it."""
    differs: str = ""
    """What reality is set to instead of what the row states, as it was when the page was drawn."""

    def sent(self) -> Mapping[str, object]:
        """Return the row as JSON values."""
        return asdict(self)


def live_row(status: ClauseStatus, now: datetime, zone: tzinfo) -> LiveRow:
    """Return the row for *status*, in the active language and the document's zone."""
    verdict = Verdict(status.verdict)
    return LiveRow(
        id=status.clause_id,
        revision=status.revision,
        verdict=verdict.value,
        mark=verdict.mark,
        word=str(words.WORDS[verdict]),
        value=str(status.value),
        reason=str(status.reason),
        since=words.since(status.since, now, zone),
        due=words.due(status.next_due, now, zone) if status.next_due else "",
        exception=_exception(status, zone) if verdict in FIRING else "",
        is_allowed=any(not each.subject for each in status.exceptions),
    )


def _exception(status: ClauseStatus, zone: tzinfo) -> str:
    return "\n".join(str(said_of(each, zone)) for each in status.exceptions)


def said_of(allowed: CoveringException, zone: tzinfo) -> Message:
    """Say what is allowed, by whose exception, and until when."""
    until = f"{allowed.ends_at.astimezone(zone):%Y-%m-%d %H:%M}"
    code = "document.excepted-subject" if allowed.subject else "document.excepted"
    return Message(code, subject=allowed.subject, reason=allowed.reason, by=allowed.author, until=until)


def unknown_row(clause_id: str) -> LiveRow:
    """Return the row of a clause that has no status yet: missing data is never green."""
    verdict = Verdict.NOT_MEASURABLE
    return LiveRow(
        id=clause_id,
        revision=0,
        verdict=verdict.value,
        mark=verdict.mark,
        word=str(words.WORDS[verdict]),
        value="",
        reason=str(NOT_JUDGED),
        since="",
        due="",
    )


def live_rows(
    clause_ids: Iterable[str], statuses: Sequence[ClauseStatus], now: datetime, zone: tzinfo
) -> dict[str, LiveRow]:
    """Return a row for each of *clause_ids*."""
    known = {status.clause_id: status for status in statuses}
    return {
        each: live_row(known[each], now, zone) if each in known else unknown_row(each) for each in clause_ids
    }


def worst_first(rows: Iterable[LiveRow]) -> list[LiveRow]:
    """Return *rows* from the worst verdict to the best; within one, in the order given."""
    order = list(Verdict)
    return sorted(rows, key=lambda row: order.index(Verdict(row.verdict)))


def verdict_html(row: LiveRow, address: str) -> SafeString:
    """Write the verdict, since when it holds and what is next; it links to the evidence at *address*."""
    return format_html(
        '<a class="verdict {}" data-clause="{}" href="{}" title="{}">'
        '<span class="call"><span class="mark" aria-hidden="true">{}</span> <b>{}</b></span>'
        '<small class="since">{}</small><small class="due">{}</small><small class="exception">{}</small>'
        "{}</a>",
        row.verdict,
        row.id,
        address,
        row.reason,
        row.mark,
        row.word,
        row.since,
        row.due,
        row.exception,
        format_html('<small class="drift">≠ {}</small>', row.differs) if row.differs else "",
    )


def brief_html(row: LiveRow, address: str) -> SafeString:
    """Write the verdict alone; it links to the evidence at *address*."""
    return format_html('<a class="verdict {}" href="{}">{} {}</a>', row.verdict, address, row.mark, row.word)


def value_html(row: LiveRow) -> SafeString:
    """Write the live value."""
    return format_html('<output class="value" data-value="{}">{}</output>', row.id, row.value)


def spark_html(clause_id: str, path: str) -> SafeString:
    """Write the sparkline; without a path, it only keeps its place."""
    return format_html(
        '<svg class="spark" data-spark="{}" viewBox="0 0 96 22" aria-hidden="true"><path d="{}"/></svg>',
        clause_id,
        path,
    )
