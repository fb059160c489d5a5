"""The verdict on a measure that bought something for a term (リザーブド): is it used, until when. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from toban.chapters.cost.bindings import CommitmentBinding
from toban.chapters.cost.charge import ChargeKind, Commitment
from toban.chapters.cost.spending.amounts import Spent
from toban.chapters.cost.spending.money import converted, shown
from toban.engine.evidence.verdict import Verdict
from toban.engine.rows.judgement import Judgement
from toban.message import NOTHING, Message, sentences

LATELY = timedelta(days=7)
"""The days by which it is judged."""
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class CommitmentFound:
    """What bills say of a commitment."""

    services: Mapping[str, tuple[Decimal, Decimal]]
    """Each service → its use that is covered and all of its use, lately, at public prices."""
    used: Decimal
    """What was paid for use, lately."""
    unused: Decimal
    """What was paid for nothing."""
    saving: Decimal | None
    """Of the month, in yen; None if bills can't show it."""
    told: bool
    """Whether any bill tells of commitments at all."""
    gaps: Sequence[Message] = ()

    @property
    def bare(self) -> Sequence[str]:
        """The services of which nothing is covered."""
        return [name for name, (covered, _) in self.services.items() if not covered]


def commitment_found(
    spent: Iterable[Spent],
    bought: CommitmentBinding,
    first: date,
    until: date,
    rates: Mapping[str, Decimal],
    gaps: Sequence[Message],
) -> CommitmentFound:
    """Return what *spent* says of the month from *first* and of the days up to *until*."""
    charges = [each for each in spent if each.on <= until]
    wanted = {each.casefold(): each for each in bought.services}
    of = [each for each in charges if each.key.service.casefold() in wanted]
    lately = [each for each in of if until - each.on < LATELY]
    unseen = [name for folded, name in wanted.items() if not _of_service(of, folded)]
    return CommitmentFound(
        {name: _cover(_of_service(lately, folded)) for folded, name in wanted.items()},
        sum((each.effective for each in lately if each.key.commitment is Commitment.USED), _ZERO),
        sum((each.effective for each in lately if each.key.commitment is Commitment.UNUSED), _ZERO),
        _saving([each for each in of if each.on >= first], rates),
        any(each.key.commitment is not Commitment.NONE for each in charges),
        [*gaps, *(Message("cost.item-unseen", item=name) for name in unseen)],
    )


def _of_service(spent: Iterable[Spent], folded: str) -> Sequence[Spent]:
    return [each for each in spent if each.key.service.casefold() == folded]


def _cover(spent: Sequence[Spent]) -> tuple[Decimal, Decimal]:
    use = [each for each in spent if each.key.kind is ChargeKind.USAGE]
    covered = sum((each.listed for each in use if each.key.commitment is Commitment.USED), _ZERO)
    open_ = sum((each.listed for each in use if each.key.commitment is Commitment.NONE), _ZERO)
    return covered, covered + open_


def _saving(spent: Sequence[Spent], rates: Mapping[str, Decimal]) -> Decimal | None:
    """Return what the public prices would have been more, less what was paid for nothing."""
    used = [each for each in spent if each.key.commitment is Commitment.USED]
    if all(each.listed == each.effective for each in used):
        return None
    unused = [each for each in spent if each.key.commitment is Commitment.UNUSED]
    amounts = [(each.listed - each.effective, each) for each in used] + [
        (-each.effective, each) for each in unused
    ]
    in_yen = [converted(amount, each.key.currency, "JPY", rates) for amount, each in amounts]
    known = [each for each in in_yen if each is not None]
    return sum(known, _ZERO) if len(known) == len(in_yen) else None


def judge_commitment(found: CommitmentFound, bought: CommitmentBinding, today: date) -> Judgement:
    """Return the verdict: it covers every service that it is for, and its term goes on."""
    value = Message("cost.saved", amount=shown(found.saving, "JPY")) if found.saving is not None else NOTHING
    proof = {
        "until": bought.until.isoformat(),
        "saving_jpy": f"{found.saving:f}" if found.saving is not None else "",
        "services": {
            name: [f"{covered:f}", f"{whole:f}"] for name, (covered, whole) in found.services.items()
        },
    }
    verdict, said = _verdict(found, bought, today)
    return Judgement(verdict, sentences(said, *_figures(found)), value, proof=proof)


def _verdict(found: CommitmentFound, bought: CommitmentBinding, today: date) -> tuple[Verdict, Message]:
    ends = f"{bought.until:%Y-%m-%d}"
    if today > bought.until:
        return Verdict.DEVIATING, Message("cost.term-over", until=ends)
    if found.gaps:
        return Verdict.NOT_MEASURABLE, found.gaps[0]
    if not found.told:
        return Verdict.NOT_MEASURABLE, Message("cost.no-commitments-told")
    if found.bare:
        return Verdict.DEVIATING, Message("cost.not-covered", services=tuple(found.bare))
    if bought.until - today <= bought.warn_before:
        days = (bought.until - today).days
        return Verdict.WARNING, Message("cost.term-ends", until=ends, days=days)
    return Verdict.CONFORMING, Message("cost.term-lasts", until=ends)


def _figures(found: CommitmentFound) -> Iterator[Message]:
    for name, (covered, whole) in found.services.items():
        if whole > 0:
            yield Message("cost.coverage", service=name, share=f"{covered / whole:.0%}")
    if (paid := found.used + found.unused) > 0:
        yield Message("cost.utilisation", share=f"{found.used / paid:.0%}")
    if found.told and found.saving is None:
        yield Message("cost.no-saving-shown")
