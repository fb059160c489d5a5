"""A report as it is read: facts in the order that Japanese customers expect, and what people answered. Pure.

Nothing is made up: what nobody measured is said not to be measured, and what only people know is asked for.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from toban.chapters.incident.reports import course
from toban.chapters.incident.reports.content import (
    ReportAudience,
    ReportFact,
    ReportFacts,
    ReportQuestion,
)
from toban.chapters.incident.reports.hiding import hiding
from toban.engine.approvals.rules import digest_of
from toban.message import Message


class ReportPart(StrEnum):
    """The parts of a report, in their order."""

    SUBJECT = "subject"
    TIMES = "times"
    IMPACT = "impact"
    COURSE = "course"
    CAUSE = "cause"
    INTERIM = "interim"
    PERMANENT = "permanent"
    PREVENTION = "prevention"

    @property
    def word(self) -> Message:
        """Its heading."""
        return Message(f"incident-reports.part-{self}")


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """A line of a report in one language."""

    label: str
    text: str
    proof: str = ""
    """The numbers of its evidence."""


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """A part of a report in one language."""

    part: ReportPart
    heading: str
    lines: Sequence[WrittenLine]
    asks: str = ""
    """What is still asked of people here; empty if nothing is."""


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """A report in one language, for one audience."""

    title: str
    head: Sequence[WrittenLine]
    parts: Sequence[WrittenPart]
    footer: str
    drafted_at: datetime


@dataclass(frozen=True, slots=True)
class ReportDraft:
    """One version of a report."""

    facts: ReportFacts
    answers: Mapping[str, str]
    """By `ReportQuestion`."""
    is_final: bool
    version: int
    drafted_at: datetime
    approved_by: str = ""
    approved_at: datetime | None = None

    @property
    def digest(self) -> str:
        """The digest that an approval binds to."""
        return digest_of(
            {
                "facts": self.facts.as_json(),
                "answers": dict(self.answers),
                "final": self.is_final,
                "version": self.version,
            }
        )

    @property
    def unanswered(self) -> Sequence[ReportQuestion]:
        """What people must still answer: a remedy that had an effect answers what was done for now."""
        known = {ReportQuestion.INTERIM} if self.facts.remedies else set()
        return [each for each in ReportQuestion if each not in known and not self.answers.get(each)]


def written(draft: ReportDraft, audience: ReportAudience, language: str) -> WrittenReport:
    """Return *draft* for *audience* in *language*."""
    return _Writer(draft, audience, language).report()


class _Writer:
    """Writes one report; every text passes `_say` or `_clean`."""

    def __init__(self, draft: ReportDraft, audience: ReportAudience, language: str) -> None:
        self._draft, self._facts, self._language = draft, draft.facts, language
        self._is_outside = audience is ReportAudience.EXTERNAL
        self._zone = ZoneInfo(draft.facts.zone)
        self._clean: Callable[[str], str] = hiding(draft.facts.hidden) if self._is_outside else str

    def report(self) -> WrittenReport:
        facts = self._facts
        kind = "final" if self._draft.is_final else "preliminary"
        footer = Message("incident-reports.footer", digest=self._draft.digest)
        # The digest holds no name, and must be read as it is.
        return WrittenReport(
            self._say(Message(f"incident-reports.title-{kind}")),
            list(self._head()),
            [
                self._part(ReportPart.SUBJECT, [WrittenLine("", self._say(self._title))]),
                self._part(ReportPart.TIMES, self._lines(facts.times)),
                self._part(ReportPart.IMPACT, self._lines(facts.impact), ReportQuestion.IMPACT),
                self._part(ReportPart.COURSE, self._course()),
                self._part(ReportPart.CAUSE, (), ReportQuestion.CAUSE),
                self._part(ReportPart.INTERIM, self._lines(facts.remedies), ReportQuestion.INTERIM),
                self._part(ReportPart.PERMANENT, (), ReportQuestion.PERMANENT),
                self._part(ReportPart.PREVENTION, self._measures()),
            ],
            footer.in_language(self._language),
            self._draft.drafted_at,
        )

    @property
    def _title(self) -> Message:
        return self._facts.outside_title if self._is_outside else self._facts.title

    def _head(self) -> Iterator[WrittenLine]:
        draft = self._draft
        yield self._row("number", Message("incident-reports.number", number=draft.facts.number))
        yield self._row("version", Message("incident-reports.version", version=draft.version))
        yield self._row("drafted", self._at(draft.drafted_at))
        if draft.approved_at is None:
            yield self._row("approval", Message("incident-reports.not-approved"))
            return
        at = self._at(draft.approved_at)
        by = "" if self._is_outside else draft.approved_by
        yield self._row("approval", Message("incident-reports.approved", at=at, by=by))

    def _lines(self, facts: Iterable[ReportFact]) -> Iterator[WrittenLine]:
        for each in facts:
            if each.is_internal and self._is_outside:
                continue
            value = self._say(each.value) or self._say(Message("incident-reports.not-measured"))
            note = self._say(each.note)
            text = f"{value} ({note})" if note else value
            yield WrittenLine(self._say(each.label), text, self._proof(each.proofs))

    def _course(self) -> Iterator[WrittenLine]:
        lines = course.outside(self._facts.course) if self._is_outside else self._facts.course
        for each in lines:
            said = self._say(each.outside if self._is_outside else each.said)
            by = f" ({each.by})" if each.by and not self._is_outside else ""
            yield WrittenLine(self._say(self._at(each.at)), f"{said}{by}", self._proof((each.proof,)))

    def _measures(self) -> Iterator[WrittenLine]:
        for each in self._facts.measures:
            said = (
                Message("incident-reports.measure-outside", due=each.due_on, state=each.state)
                if self._is_outside
                else Message(
                    "incident-reports.measure-inside", due=each.due_on, owner=each.owner, state=each.state
                )
            )
            proof = Message("incident-reports.proof-measure", number=each.number)
            yield WrittenLine(self._clean(each.words), self._say(said), self._proof((proof,)))

    def _part(
        self, part: ReportPart, lines: Iterable[WrittenLine], question: ReportQuestion | None = None
    ) -> WrittenPart:
        found, asks = list(lines), ""
        answer = self._draft.answers.get(question, "") if question is not None else ""
        if answer:
            found.append(WrittenLine("", self._clean(answer)))
        elif question is not None and question in self._draft.unanswered:
            asks = self._say(Message("incident-reports.asked", what=question.word))
        elif part is ReportPart.PREVENTION and not found:
            asks = self._say(Message("incident-reports.asked", what=Message("incident-reports.ask-measures")))
        return WrittenPart(part, self._say(part.word), found, asks)

    def _row(self, label: str, value: Message) -> WrittenLine:
        return WrittenLine(self._say(Message(f"incident-reports.head-{label}")), self._say(value))

    def _at(self, moment: datetime) -> Message:
        return Message("incident-reports.at", at=f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M:%S}")

    def _proof(self, proofs: Sequence[Message]) -> str:
        return ", ".join(self._say(each) for each in proofs)

    def _say(self, message: Message) -> str:
        return self._clean(message.in_language(self._language))
