"""Whether incidents are followed by a report and measures, as a decision of chapter 13 says."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from toban.chapters.incident.measures.checking import debts
from toban.chapters.incident.measures.rules import IncidentDebt, Prevention, prevention
from toban.design.clauses.decisions import Decision, DecisionSubject
from toban.engine.editions.edition import Edition
from toban.engine.evidence.assertions import CounterExample, Judge, Judgement
from toban.engine.evidence.verdict import Verdict
from toban.engine.extension import Link
from toban.message import Message

_SHOWN = 20


def judge(decision: Decision, edition: Edition, now: datetime) -> Judgement:
    """Judge a decision about reports and prevention. See `Judge`."""
    del decision
    return judged(list(debts(now, edition)))


def judged(known: list[IncidentDebt]) -> Judgement:
    """Return what *known* incidents say: none is closed without both, and no measure is overdue. Pure."""
    owed, closed = prevention(known), sum(each.is_closed for each in known)
    against = list(_against(owed))
    proof = {"closed": closed, "unproven": list(owed.unproven), "overdue": list(owed.overdue)}
    if against:
        said = Message("incident.prevention-owed", count=len(against))
        return Judgement(
            verdict=Verdict.DEVIATING, reason=said, against=against[:_SHOWN], proof=proof, is_told=True
        )
    if not closed:
        return Judgement(verdict=Verdict.NOT_DUE, reason=Message("incident.none-closed-yet"), proof=proof)
    return Judgement(
        verdict=Verdict.CONFORMING, reason=Message("incident.prevention-done", count=closed), proof=proof
    )


def _against(owed: Prevention) -> Iterator[CounterExample]:
    for code, numbers in (("incident.closed-without", owed.unproven), ("incident.overdue-of", owed.overdue)):
        for number in numbers:
            link = Link("incident", Message("incident.number", number=number), (number,))
            yield CounterExample(Message(code, number=number), link)


ASSERTIONS: Mapping[DecisionSubject, Judge] = {DecisionSubject.PREVENTION: judge}
