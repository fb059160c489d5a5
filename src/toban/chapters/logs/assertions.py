"""Whether all logs are in one place, as a decision says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.design.clauses.decisions import Decision, DecisionSubject, elsewhere
from toban.design.clauses.logs import LogKind
from toban.engine.editions.edition import Edition
from toban.engine.evidence.assertions import CounterExample, Judge, Judgement
from toban.engine.evidence.current import statuses
from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import Verdict
from toban.message import NOTHING, Message, listing


@dataclass(frozen=True, slots=True)
class GatheredKind:
    """A kind of log, and whether its lines are here."""

    row: LogKind
    verdict: Verdict | None = None
    """None if nobody has judged it, or not lately."""
    reason: Message = NOTHING


def judge(decision: Decision, edition: Edition, now: datetime) -> Judgement:
    """Judge a decision about one place for all logs. See `Judge`."""
    rows = edition.design.of(LogKind)
    known = {each.clause_id: each for each in statuses(now, [row.id for row in rows])}
    return judged(decision, [_gathered(row, known.get(row.id)) for row in rows])


def _gathered(row: LogKind, known: ClauseStatus | None) -> GatheredKind:
    if known is None:
        return GatheredKind(row)
    return GatheredKind(row, Verdict(known.verdict), known.reason)


def judged(decision: Decision, kinds: Sequence[GatheredKind]) -> Judgement:
    """Judge *decision* by what the document says about the *kinds* of log, and by what has arrived. Pure."""
    if not kinds:
        return Judgement(verdict=Verdict.NOT_MEASURABLE, reason=Message("logs.no-kinds"))
    here = [each for each in kinds if each.verdict not in (None, Verdict.UNBOUND, Verdict.NOT_MEASURABLE)]
    value = Message("logs.kinds-here", count=len(here), of=len(kinds))
    proof = {"kinds": len(kinds), "here": [each.row.name for each in here]}
    if away := elsewhere(decision, [each.row for each in kinds]):
        against = [CounterExample.of_row(row, _away(row, decision)) for row in away]
        said = listing([each.text for each in against])
        proof["elsewhere"] = [row.name for row in away]
        return Judgement(verdict=Verdict.DEVIATING, reason=said, value=value, against=against, proof=proof)
    for verdict, code in (
        (Verdict.NOT_MEASURABLE, "logs.kinds-not-fetched"),
        (None, "logs.kinds-not-judged"),
        (Verdict.UNBOUND, "logs.kinds-not-here"),
    ):
        if lacking := [each for each in kinds if each.verdict is verdict]:
            said = Message(code, kinds=[each.row.name for each in lacking], why=lacking[0].reason)
            return Judgement(
                verdict=verdict or Verdict.NOT_MEASURABLE,
                reason=said,
                value=value,
                against=[CounterExample.of_row(each.row, each.reason) for each in lacking if each.reason],
                proof=proof,
            )
    return Judgement(verdict=Verdict.CONFORMING, reason=Message("logs.all-here"), value=value, proof=proof)


def _away(row: LogKind, decision: Decision) -> Message:
    return Message("logs.kind-elsewhere", log=row.name, there=row.destination, place=decision.place)


ASSERTIONS: Mapping[DecisionSubject, Judge] = {DecisionSubject.CENTRAL_LOGS: judge}
