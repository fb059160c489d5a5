"""Takes in what bills say: a day that is told otherwise than before is restated, and both are kept."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import structlog
from django.db import transaction

from toban.chapters.cost.bill import BillSource, BillTerms, BillUnknown
from toban.chapters.cost.charge import MICRO, MOST, Bill, Charge, digest_of
from toban.chapters.cost.models import BillReading, CostDay, DayCharge, SavedTime
from toban.chapters.cost.plan import BoundBill, CostPlan
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.message import NOTHING, Message, message_of

_MOST_NAMED = 62
"""Restated days that the evidence names: two months."""
_MOST_CHARGES = 500_000
"""Charges of one bill that are kept; more are no summary any more."""
_BATCH = 500
_FILLING = timedelta(days=3)
"""From its beginning: clouds charge for a day until two days after it."""

log = structlog.get_logger(__name__)


def look(plan: CostPlan, document_digest: str, now: datetime, *, at_once: bool = False) -> None:
    """Take in every bill that was not looked at for a while; all of them if *at_once*."""
    looked = dict(BillReading.objects.values_list("bill", "looked_at"))
    for each in plan.bills:
        if at_once or each.name not in looked or now - looked[each.name] >= plan.terms.every:
            _look(each, plan, document_digest, now)
    forget(plan, now)


def _look(each: BoundBill, plan: CostPlan, document_digest: str, now: datetime) -> None:
    reading = BillReading.objects.filter(bill=each.name).first() or BillReading(bill=each.name)
    reading.looked_at = now
    try:
        source = each.opened()
        said = source.version()
        # What the bill is read for is a part of it: other zones have other days.
        version = f"{said} {plan.terms.zone} {plan.terms.tag}"[:200] if said else ""
        if not version or version != reading.version:
            bill = source.read(BillTerms(plan.terms.tz, plan.terms.tag, now))
            keep(reading, bill, document_digest, now)
        reading.version, reading.read_at, reading.trouble = version, now, NOTHING
    except BillUnknown as unknown:
        reading.trouble = message_of(unknown)
    except Exception as error:
        # Another's kind may fail in any way; the other bills are read all the same.
        log.exception("bill_failed", bill=each.name)
        reading.trouble = message_of(error)
    reading.save()


def tried(source: BillSource, plan: CostPlan, now: datetime) -> None:
    """Read a bill and keep nothing, or raise `BillUnknown`."""
    _demand_sane(source.read(BillTerms(plan.terms.tz, plan.terms.tag, now)))


def keep(reading: BillReading, bill: Bill, document_digest: str, now: datetime) -> None:
    """Keep the days of *bill* that are told anew, and record that in the evidence."""
    _demand_sane(bill)
    with transaction.atomic():
        ledger.hold()
        counted = CostDay.objects.filter(bill=reading.bill, replaced_at=None, day__in=list(bill.days))
        former = {each.day: each for each in counted}
        digests = {on: digest_of(charges) for on, charges in bill.days.items()}
        told = {
            on: each for on, each in bill.days.items() if on not in former or former[on].digest != digests[on]
        }
        gone = _gone(reading.bill, bill)
        replaced = {on: former[on] for on in told if on in former} | gone
        filling = [each.pk for each in replaced.values() if _was_filling(each)]
        restated = {on: each for on, each in replaced.items() if not _was_filling(each)}
        changes = [_change(day, told.get(on, ())) for on, day in sorted(restated.items())]
        CostDay.objects.filter(pk__in=filling).delete()
        CostDay.objects.filter(pk__in=[each.pk for each in restated.values()]).update(replaced_at=now)
        days = CostDay.objects.bulk_create(
            [CostDay(bill=reading.bill, day=on, digest=digests[on], taken_at=now) for on in told], _BATCH
        )
        DayCharge.objects.bulk_create([row for day in days for row in _rows(day, told[day.day])], _BATCH)
        reading.made_at, reading.rows = bill.made_at, bill.rows
        if told or gone:
            _record(reading, sorted({*told, *gone}), changes, document_digest, now)


def _gone(name: str, bill: Bill) -> dict[date, CostDay]:
    """Return the days that were kept, and that *bill* has no more although it has earlier and later ones.

    That is a correction, too: what was charged for them has been taken back, or is missing now.
    """
    if not bill.days:
        return {}
    covered = CostDay.objects.filter(bill=name, replaced_at=None, day__range=(min(bill.days), max(bill.days)))
    return {each.day: each for each in covered if each.day not in bill.days}


def forget(plan: CostPlan, now: datetime) -> None:
    """Delete the days that are older than costs are kept."""
    since = now.astimezone(plan.terms.tz).date() - timedelta(days=plan.terms.kept.days)
    CostDay.objects.filter(day__lt=since).delete()
    SavedTime.objects.filter(day__lt=since).delete()


def _was_filling(day: CostDay) -> bool:
    """Whether the day was still being charged when it was read: that there is more of it is no correction."""
    return day.taken_at < datetime.combine(day.day, time(0), UTC) + _FILLING


def _demand_sane(bill: Bill) -> None:
    charges = sum(map(len, bill.days.values()))
    if charges > _MOST_CHARGES:
        raise BillUnknown(Message("cost.too-many-charges", count=charges, most=_MOST_CHARGES))
    for on, each in bill.days.items():
        if any(
            abs(amount) > MOST
            for one in each
            for amount in (one.billed, one.effective, one.listed, one.hours)
        ):
            raise BillUnknown(Message("cost.amount-of-no-day", day=on))


def _rows(day: CostDay, charges: Sequence[Charge]) -> Sequence[DayCharge]:
    rows = []
    for each in charges:
        key, (billed, effective, listed, hours, by_hour) = each.key, each.kept()
        rows.append(
            DayCharge(
                day=day,
                service=key.service,
                account=key.account,
                tag=key.tag,
                kind=key.kind,
                commitment=key.commitment,
                currency=key.currency,
                billed=billed,
                effective=effective,
                listed=listed,
                hours=hours,
                by_hour=by_hour,
            )
        )
    return rows


def _change(day: CostDay, charges: Sequence[Charge]) -> Mapping[str, object]:
    """Return what a restated day cost before and costs now, by currency."""
    before: dict[str, int] = {}
    for currency, billed in day.charges.values_list("currency", "billed"):
        before[currency] = before.get(currency, 0) + billed
    after: dict[str, int] = {}
    for each in charges:
        after[each.key.currency] = after.get(each.key.currency, 0) + each.kept()[0]
    return {"day": day.day.isoformat(), "before": _written(before), "after": _written(after)}


def _written(found: Mapping[str, int]) -> Mapping[str, str]:
    return {currency: f"{(Decimal(amount) / MICRO).normalize():f}" for currency, amount in found.items()}


def _record(
    reading: BillReading,
    told: Sequence[date],
    changes: Sequence[Mapping[str, object]],
    document_digest: str,
    now: datetime,
) -> None:
    content: Mapping[str, object] = {
        "event": "costs-taken",
        "bill": reading.bill,
        "made_at": reading.made_at.isoformat() if reading.made_at else "",
        "rows": reading.rows,
        "days": len(told),
        "first": told[0].isoformat(),
        "last": told[-1].isoformat(),
        "restated": len(changes),
        "changes": changes[-_MOST_NAMED:],
    }
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content, document_digest=document_digest), now=now)
