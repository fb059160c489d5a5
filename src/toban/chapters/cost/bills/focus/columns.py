"""The columns of FOCUS that matter here, typed and summed."""

from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from toban.chapters.cost.bill import BillTerms
from toban.chapters.cost.charge import MOST

NEEDED = ("ChargePeriodStart", "BilledCost", "BillingCurrency", "ServiceName", "ChargeCategory")
_AMOUNTS = ("BilledCost", "EffectiveCost", "ListCost")
_WORDS = (
    "BillingCurrency",
    "ServiceName",
    "ChargeCategory",
    "ChargeFrequency",
    "ChargeClass",
    "CommitmentDiscountStatus",
)
COLUMNS = (
    *NEEDED,
    "ChargeFrequency",
    "ChargeClass",
    "SubAccountId",
    "BillingAccountId",
    "Tags",
    "CommitmentDiscountStatus",
    "EffectiveCost",
    "ListCost",
    "ConsumedQuantity",
    "ConsumedUnit",
    "PricingQuantity",
    "PricingUnit",
)
"""Those that are read; whatever is not needed may be missing."""
_KEYS = (
    "day",
    "account",
    "tag",
    *_WORDS,
)
_SUMMED = (*_AMOUNTS, "hours", "by_hour")
_HOURS = ("h", "hour", "hours", "hr", "hrs")
"""Units by which clouds count how long instances were used."""
_SCALE = 18
_AMOUNT = pa.decimal128(38, _SCALE)
_PLAIN = r"^-?\d{1,15}(\.\d{1,18})?$"
_NOTHING = pa.scalar(Decimal(0), _AMOUNT)
_EXACTLY = Context(prec=60)
_UTC = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,3})?)?)?(Z|[+-]00:?00)?$"
_EXACT = Decimal(1).scaleb(-_SCALE)


def summed(table: pa.Table, how: BillTerms) -> pa.Table:
    """Return the amounts by day and key; raise `ArrowInvalid` or `ValueError` if *table* is unreadable."""
    given = set(table.column_names)
    columns: dict[str, Any] = {
        "day": _days(table["ChargePeriodStart"], how.zone.key),
        "account": pc.coalesce(_words(table, "SubAccountId"), _words(table, "BillingAccountId"), ""),
        "tag": _tags(table["Tags"], how.tag) if how.tag and "Tags" in given else _empty(table),
    }
    columns |= {name: pc.coalesce(_words(table, name), "") for name in _WORDS}
    billed = _amounts(table["BilledCost"])
    effective = _amounts(table["EffectiveCost"]) if "EffectiveCost" in given else billed
    effective = pc.coalesce(effective, billed)
    listed = pc.coalesce(_amounts(table["ListCost"]), effective) if "ListCost" in given else effective
    hours = _hours(table)
    by_hour = pc.if_else(pc.equal(hours, _NOTHING), _NOTHING, effective)
    columns |= dict(zip(_SUMMED, (billed, effective, listed, hours, by_hour), strict=True))
    for name in ("day", "BilledCost"):
        if columns[name].null_count:
            raise ValueError(f"{name} is empty")
    return sums(pa.table(columns))


def sums(table: pa.Table) -> pa.Table:
    """Return the sums of *table*, one row for each day and key."""
    found = table.group_by(list(_KEYS)).aggregate([(name, "sum") for name in _SUMMED])
    found = found.rename_columns([each.removesuffix("_sum") for each in found.column_names])
    # Sums have more digits than what is summed: those of the parts are summed again.
    return found.cast(
        pa.schema(
            [
                (name, _AMOUNT if name in _SUMMED else found.schema.field(name).type)
                for name in found.column_names
            ]
        )
    )


def _hours(table: pa.Table) -> Any:
    """Return for how long instances were used: as it was measured, else as it is charged for."""
    found = pa.repeat(_NOTHING, table.num_rows)
    for of in ("Pricing", "Consumed"):
        if {f"{of}Quantity", f"{of}Unit"} <= set(table.column_names):
            units = pc.coalesce(pc.utf8_lower(_words(table, f"{of}Unit")), "")
            is_hours = pc.is_in(units, pa.array(_HOURS))
            counted = table[f"{of}Quantity"]
            # What counts bytes or requests may be no amount that is kept, and is not looked at.
            hours = _amounts(pc.if_else(is_hours, counted, pa.scalar(None, counted.type)))
            found = pc.coalesce(hours, found)
    return found


def _empty(table: pa.Table) -> Any:
    return pa.array([""] * table.num_rows)


def _words(table: pa.Table, name: str) -> Any:
    if name not in table.column_names:
        return pa.chunked_array([pa.nulls(table.num_rows, pa.string())])
    return table[name].cast(pa.string())


def _days(column: Any, zone: str) -> Any:
    """Return the days of moments; what names no zone is UTC, as FOCUS says."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        if not pc.all(pc.match_substring_regex(column, _UTC)).as_py():
            raise ValueError("ChargePeriodStart is no moment in UTC")
        column = pc.replace_substring_regex(column, "(Z|[+-]00:?00)$", "").cast(pa.timestamp("ms"))
    if column.type.tz is None:
        column = pc.assume_timezone(column, "UTC")
    moments = column.cast(pa.timestamp("s", tz=zone), safe=False)
    return pc.local_timestamp(moments).cast(pa.date32(), safe=False)


def _amounts(column: Any) -> Any:
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        if pc.all(pc.match_substring_regex(column, _PLAIN)).as_py():
            return column.cast(_AMOUNT)
        # More digits than are kept: rounded one by one.
        return pa.chunked_array([pa.array(map(_amount, column.to_pylist()), _AMOUNT)])
    if pa.types.is_decimal(column.type):
        return pc.round(column, _SCALE).cast(_AMOUNT) if column.type.scale > _SCALE else column.cast(_AMOUNT)
    return column.cast(_AMOUNT)


def _amount(written: str | None) -> Decimal | None:
    if written is None:
        return None
    found = Decimal(written)
    if not found.is_finite() or abs(found) > MOST:
        raise ValueError(f"no amount: {written[:40]}")
    return found.quantize(_EXACT, context=_EXACTLY)


def _tags(column: Any, name: str) -> Any:
    if pa.types.is_map(column.type):
        return pc.coalesce(pc.map_lookup(column, name, "first").cast(pa.string()), "")
    return pc.coalesce(_each_once(column.cast(pa.string()), lambda written: _tag(written, name)), "")


def _each_once(column: Any, read: Callable[[str | None], str]) -> Any:
    """Return what *read* makes of each value of *column*, asked once for each that differs."""
    coded = column.combine_chunks().dictionary_encode()
    values = pa.array([read(each) for each in coded.dictionary.to_pylist()] or [""], pa.string())
    return values.take(coded.indices)


def _tag(written: str | None, name: str) -> str:
    try:
        found = orjson.loads(written or "{}")
    except orjson.JSONDecodeError as error:
        raise ValueError("Tags is no JSON") from error
    value = found.get(name) if isinstance(found, dict) else None
    return "" if value is None else str(value)
