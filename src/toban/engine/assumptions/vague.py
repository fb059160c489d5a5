"""What `toban.toml` says about words that the document leaves open: `[assumptions]` defines 深夜. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from toban.design.assumption import Assumption, Meaning
from toban.design.clauses.base import Clause
from toban.design.clauses.monitoring import Monitor
from toban.design.reader import Design
from toban.design.values.delivery import DeliveryTiming
from toban.design.values.schedule import Schedule
from toban.design.values.severity import AlertLevel
from toban.engine.bindings.model import Bindings
from toban.engine.bindings.values import WordMeaning
from toban.message import Message


def words(design: Design) -> dict[str, str]:
    """Return the words of *design* that were taken for a clock time, with that time: 深夜 → 2:00."""
    said = (each for clause in design.clauses for each in clause.assumptions)
    return {each.word: str(each.said.values["at"]) for each in said if each.meaning is Meaning.CLOCK}


def settle(design: Design, bindings: Bindings) -> Design:
    """Return *design* with what *bindings* say about what it leaves open; that is not assumed any more."""
    settling = _Settling(bindings.meanings, bindings.written, bindings.file)
    clauses = tuple(map(settling.clause, design.clauses))
    return design if _are_same(clauses, design.clauses) else replace(design, clauses=clauses)


def _are_same(some: tuple[object, ...], others: tuple[object, ...]) -> bool:
    return all(one is other for one, other in zip(some, others, strict=True))


@dataclass(frozen=True, slots=True)
class _Settling:
    """What one file says."""

    meanings: Mapping[str, WordMeaning]
    written: frozenset[str]
    file: str

    def clause[C: Clause](self, clause: C) -> C:
        assumptions = tuple(map(self._said, clause.assumptions))
        if assumptions == clause.assumptions:
            return clause
        changed: dict[str, Any] = {
            each.name: new
            for each in fields(clause)
            if (new := self._value(getattr(clause, each.name))) is not getattr(clause, each.name)
        }
        settled = replace(clause, **{**changed, "assumptions": assumptions})
        return _graver(settled) if isinstance(settled, Monitor) and self._is_critical(clause) else settled  # type: ignore[return-value]

    def _value(self, value: object) -> object:
        match value:
            case Schedule():
                return self._schedule(value)
            case DeliveryTiming():
                return self._delivery(value)
            case tuple() if any(isinstance(each, Schedule) for each in value):
                return tuple(map(self._value, value))
            case _:
                return value

    def _schedule(self, schedule: Schedule) -> Schedule:
        if schedule.also:
            first, *further = map(self._schedule, schedule.each)
            return replace(first, also=tuple(further))
        settled = schedule
        for assumption, meaning in self._meant(schedule.assumptions):
            if assumption.meaning is Meaning.CLOCK:
                settled = replace(settled, at=meaning.clock)
            elif assumption.meaning is Meaning.DAYS and meaning.days is not None:
                settled = _on_days(settled, meaning.days)
        said = tuple(map(self._said, schedule.assumptions))
        return schedule if said == schedule.assumptions else replace(settled, assumptions=said)

    def _delivery(self, timing: DeliveryTiming) -> DeliveryTiming:
        digest = None if timing.digest is None else self._schedule(timing.digest)
        settled = replace(timing, digest=digest)
        for assumption, meaning in self._meant(timing.assumptions):
            if assumption.meaning is Meaning.CLOCK and digest is not None:
                settled = replace(settled, digest=replace(digest, at=meaning.clock))
        said = tuple(map(self._said, timing.assumptions))
        return timing if said == timing.assumptions else replace(settled, assumptions=said)

    def _is_critical(self, clause: Clause) -> bool:
        return any(meaning.level is AlertLevel.CRITICAL for _, meaning in self._meant(clause.assumptions))

    def _meant(self, assumptions: tuple[Assumption, ...]) -> Iterator[tuple[Assumption, WordMeaning]]:
        """Yield those of *assumptions* whose word the file gives a meaning, with that meaning."""
        for each in assumptions:
            meaning = self.meanings.get(each.word) if each.meaning is not None else None
            if meaning is not None and each.meaning is not None and meaning.says(each.meaning):
                yield each, meaning

    def _said(self, assumption: Assumption) -> Assumption:
        """Return *assumption* as one that is none any more, if the file says what it is about."""
        for _, meaning in self._meant((assumption,)):
            said = Message(
                "bindings.word-from-bindings", word=assumption.word, file=self.file, meaning=meaning.text
            )
            return replace(assumption, said=said, is_set=True)
        is_set = assumption.meaning is None and assumption.setting in self.written
        return replace(assumption, is_set=True) if is_set else assumption


def _on_days(schedule: Schedule, days: Schedule) -> Schedule:
    """Return *schedule* on *days*; the time stays its own if *days* name none."""
    timed = days if days.is_timed else replace(days, at=schedule.at, until=schedule.until)
    return replace(timed, zone=days.zone or schedule.zone, text=schedule.text)


def _graver(monitor: Monitor) -> Monitor:
    return replace(monitor, warning=None, critical=monitor.warning)
