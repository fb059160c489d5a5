"""What a notification says: what happened, to which row, since when, and what to do next."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from toban.engine.amounts import length
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.delivery.notice import NoticeKind
from toban.engine.notify.reason import NoticeReason
from toban.engine.notify.signal import Condition
from toban.message import Message, Value, listing, plain

_MARKS = {
    Condition.CRITICAL: Verdict.DEVIATING.mark,
    Condition.WARNING: Verdict.WARNING.mark,
    Condition.NO_DATA: Verdict.NOT_MEASURABLE.mark,
    Condition.INFO: "i",
    Condition.OK: Verdict.CONFORMING.mark,
}
_AGAIN = {
    NoticeReason.REPEATED: Message("notify.still-ongoing"),
    NoticeReason.SILENCE_ENDED: Message("notify.still-ongoing"),
    NoticeReason.ESCALATED: Message("notify.still-unacknowledged"),
    NoticeReason.RELEASED: Message("notify.still-unacknowledged"),
}
"""What the title adds for a notification with this reason."""
_DRILL = "notify.subject-of-drill"
_LONGEST_TITLE = 250
_NAMED = 3
_LISTED = 8
"""Slack takes ten facts."""


@dataclass(frozen=True, slots=True)
class AlertStory:
    """What a notification can say about an alert."""

    subject: Message
    condition: Condition
    """The problem: still there, or just over."""
    value: Message
    limit: Message
    advice: Message
    began_at: datetime
    detected_at: datetime
    ended_at: datetime | None
    taken_by: str = ""
    """Who has acknowledged it."""
    is_flapping: bool = False
    is_over: bool = False
    is_measured: bool = True
    """Whether its value was measured, and does not say what has happened or is about to."""
    system: str = ""
    """The system's name: people may get notifications of several."""
    citation: str = ""
    """The row that it is based on."""


def condition_word(condition: str) -> Message:
    """Return the word for an alert's condition; for OK, that it has recovered."""
    return Message(f"notify.condition-{Condition(condition).value}")


def of_drill(subject: Message) -> Message:
    """Return how what is broken on purpose is called."""
    return Message(_DRILL, subject=subject)


def is_of_drill(said: Message) -> bool:
    """Return whether *said*, such as a title, calls something so."""
    return said.code == _DRILL or any(_is_of_drill(each) for each in said.values.values())


def _is_of_drill(value: Value) -> bool:
    if isinstance(value, Message):
        return is_of_drill(value)
    return isinstance(value, tuple) and any(_is_of_drill(each) for each in value)


def mark(condition: str, *, is_over: bool) -> Message:
    """Return the symbol and the word for an alert's condition, or for its recovery."""
    shown = Condition.OK if is_over else Condition(condition)
    return Message("notify.marked", mark=_MARKS[shown], word=condition_word(shown))


def title(
    kind: NoticeKind,
    stories: Sequence[AlertStory],
    reason: NoticeReason = NoticeReason.FIRST,
    before: Condition | None = None,
) -> Message:
    """Return the one-line summary; *before* is the condition of the last notification, if it was another."""
    first = stories[0]
    if kind is NoticeKind.DIGEST:
        subjects = _named(first.system, _subjects(stories))
        counts = listing(tuple(_counts(stories)))
        return Message("notify.title-digest", count=len(stories), conditions=counts, subjects=subjects)
    sign = mark(first.condition, is_over=kind is NoticeKind.RECOVERED)
    if kind is NoticeKind.ACKNOWLEDGED:
        subject = _named(first.system, first.subject)
        return Message("notify.title-acknowledged", condition=sign, who=first.taken_by, subject=subject)
    remarks = [_AGAIN[reason]] if reason in _AGAIN else []
    if kind is not NoticeKind.RECOVERED and before is not None and before is not first.condition:
        remarks.append(Message("notify.condition-before", condition=condition_word(before)))
    if first.is_flapping:
        remarks.append(Message("notify.flapping"))
    if remarks:
        sign = Message("notify.because", why=sign, more=listing(remarks))
    if len(stories) > 1:
        subjects = _named(first.system, _subjects(stories))
        return Message("notify.title-many", condition=sign, count=len(stories), subjects=subjects)
    subject = _named(first.system, first.subject)
    return Message("notify.title", condition=sign, subject=subject, value=first.value)


def facts(
    kind: NoticeKind,
    stories: Sequence[AlertStory],
    zone: ZoneInfo,
    now: datetime,
    consequences: Sequence[Message] = (),
) -> tuple[tuple[Message, Message], ...]:
    """Return label and value pairs in reading order; *consequences* are inhibited: only this names them."""
    first = stories[0]
    if kind is NoticeKind.DIGEST:
        return (*_digested(stories, zone), (Message("notify.fact-next"), _next(kind, first)))
    if len(stories) > 1:
        last = (Message("notify.fact-next"), _next(kind, first))
        return (*_listed(stories), *_led_to(consequences), last)
    is_value = first.is_measured and first.condition is not Condition.INFO
    label = "notify.fact-value" if is_value else "notify.fact-event"
    label = "notify.fact-reason" if kind is NoticeKind.NO_DATA else label
    told = [
        (Message(label), first.value),
        (Message("notify.fact-limit"), first.limit),
        (Message("notify.fact-acknowledged-by"), plain(first.taken_by)),
    ]
    if kind is NoticeKind.RECOVERED:
        told += _period(first, first.ended_at or now, zone)
    else:
        since = Message(
            "notify.since-ago",
            at=moment(first.began_at, zone),
            zone=zone.key,
            length=length(now - first.began_at),
        )
        told += [
            (Message("notify.fact-since"), since),
            (Message("notify.fact-detected"), plain(moment(first.detected_at, zone))),
        ]
    told += _led_to(consequences)
    told.append((Message("notify.fact-next"), _next(kind, first)))
    return tuple((name, value) for name, value in told if value)


def _led_to(consequences: Sequence[Message]) -> Iterator[tuple[Message, Message]]:
    if consequences:
        named = listing(tuple(consequences[:_LISTED]))
        more = Message("notify.and-others", named=named) if len(consequences) > _LISTED else named
        value = Message("notify.consequences", count=len(consequences), subjects=more)
        yield Message("notify.fact-consequences"), value


def _period(story: AlertStory, ended_at: datetime, zone: ZoneInfo) -> Iterator[tuple[Message, Message]]:
    span = Message("notify.from-to", start=moment(story.began_at, zone), end=moment(ended_at, zone))
    yield Message("notify.fact-condition-before"), condition_word(story.condition)
    yield Message("notify.fact-period"), span
    yield Message("notify.fact-length"), length(ended_at - story.began_at)


def _named(system: str, subject: Message) -> Message:
    return Message("notify.subject-of-system", system=system, subject=subject) if system else subject


def _subjects(stories: Sequence[AlertStory]) -> Message:
    """Return the first few subjects; the notification itself lists more."""
    named = listing(tuple(dict.fromkeys(story.subject for story in stories[:_NAMED])))
    return named if len(stories) <= _NAMED else Message("notify.and-others", named=named)


def _counts(stories: Sequence[AlertStory]) -> Iterator[Message]:
    """Yield how many alerts are in each condition, or over, in the order of *stories*."""
    counted = Counter(mark(story.condition, is_over=story.is_over) for story in stories)
    for sign, count in counted.items():
        yield Message("notify.counted", what=sign, count=count)


def _digested(stories: Sequence[AlertStory], zone: ZoneInfo) -> Iterator[tuple[Message, Message]]:
    for story in stories[:_LISTED]:
        sign = mark(story.condition, is_over=story.is_over)
        value = Message(
            "notify.value-since", condition=sign, value=story.value, at=moment(story.began_at, zone)
        )
        row = story.citation.rpartition("/")[2]
        yield story.subject, Message("notify.value-of-row", value=value, row=row) if row else value
    yield from _others(stories)


def _others(stories: Sequence[AlertStory]) -> Iterator[tuple[Message, Message]]:
    if len(stories) > _LISTED:
        yield Message("notify.fact-others"), Message("notify.more-alerts", count=len(stories) - _LISTED)


def _listed(stories: Sequence[AlertStory]) -> Iterator[tuple[Message, Message]]:
    for story in stories[:_LISTED]:
        value = Message("notify.because", why=story.value, more=story.limit) if story.limit else story.value
        row = story.citation.rpartition("/")[2]
        yield story.subject, Message("notify.value-of-row", value=value, row=row) if row else value
    yield from _others(stories)


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Return *at* as people of *zone* write it."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def one_line(message: Message, language: str | None = None) -> str:
    """Return *message* on one line, in *language* or the active one; a very long one is cut."""
    text = str(message) if language is None else message.in_language(language)
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_TITLE else line[: _LONGEST_TITLE - 1] + "…"


def _next(kind: NoticeKind, story: AlertStory) -> Message:
    if kind is NoticeKind.FIRING and story.advice:
        return story.advice
    return Message(f"notify.next-{kind.value}")
