"""From the rows of the operator's query to the contents of invoices. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from toban.message import NOTHING, Message, lines, message_of
from toban_invoices.content import InvoiceContent, InvoiceLine, InvoiceTerms

NEEDED = ("customer", "name", "item", "amount", "tax_rate")
OPTIONAL = ("honorific", "address", "day", "quantity", "unit", "unit_price")
"""The columns that the query must have (`NEEDED`), and those that it may have."""

_MOST_COMPLAINTS = 20
_LONGEST_KEY = 200

type Row = Mapping[str, object]


class _Flaw(Exception):
    """A cell that can't be on an invoice."""


class Unbillable(Exception):
    """The rows can't become invoices; the message lists what is wrong with each, up to a limit."""

    def __init__(self, complaints: Sequence[Message]) -> None:
        left = len(complaints) - _MOST_COMPLAINTS
        more = Message("invoices.more", count=left) if left > 0 else NOTHING
        super().__init__(lines(*complaints[:_MOST_COMPLAINTS], more))


def contents(rows: Sequence[Row], terms: InvoiceTerms, issued_on: date) -> list[InvoiceContent]:
    """Return one content for each customer, in the order in which the query first names them.

    Raises `Unbillable`, listing everything that is wrong: nothing is billed as long as any part can't be.
    """
    if rows and (complaint := column_complaint(list(rows[0]))):
        raise Unbillable([complaint])
    complaints: list[Message] = []
    grouped: dict[str, list[tuple[Row, InvoiceLine]]] = {}
    for place, row in enumerate(rows, 1):
        try:
            customer, line = _customer(row), _line(row)
        except _Flaw as error:
            complaints.append(Message("invoices.of-row", row=place, reason=message_of(error)))
        else:
            grouped.setdefault(customer, []).append((row, line))
    found = [_content(customer, lines, terms, issued_on) for customer, lines in grouped.items()]
    for content in found:
        complaints += _objections(content, [row for row, _ in grouped[content.customer]])
    if complaints:
        raise Unbillable(complaints)
    return found


def column_complaint(columns: Sequence[str]) -> Message:
    """Return what is wrong with the names of the query's columns; `NOTHING` if they are right."""
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        return Message("invoices.columns-are-missing", columns=missing)
    unknown = [name for name in columns if name not in (*NEEDED, *OPTIONAL)]
    if unknown:
        return Message("invoices.columns-are-unknown", columns=unknown, known=(*NEEDED, *OPTIONAL))
    return NOTHING


def _content(
    customer: str, lines: Sequence[tuple[Row, InvoiceLine]], terms: InvoiceTerms, issued_on: date
) -> InvoiceContent:
    first = lines[0][0]
    return InvoiceContent(
        customer=customer,
        name=_text(first, "name"),
        honorific=_text(first, "honorific") or "御中",
        address=_text(first, "address"),
        lines=tuple(line for _, line in lines),
        terms=terms,
        issued_on=issued_on,
    )


def _objections(content: InvoiceContent, rows: Sequence[Row]) -> Iterator[Message]:
    if not content.name:
        yield Message("invoices.customer-has-no-name", customer=content.customer)
    if len({_text(row, "name") for row in rows}) > 1:
        yield Message("invoices.customer-has-several-names", customer=content.customer)
    if content.totals.to_pay < 0:
        total = f"{content.totals.to_pay:,}"
        yield Message("invoices.total-is-negative", customer=content.customer, total=total)


def _customer(row: Row) -> str:
    key = _needed(row, "customer")
    if len(key) > _LONGEST_KEY:
        raise _Flaw(Message("invoices.customer-is-too-long", begin=key[:20], count=_LONGEST_KEY))
    return key


def _line(row: Row) -> InvoiceLine:
    quantity, unit_price = _number(row, "quantity"), _number(row, "unit_price")
    return InvoiceLine(
        item=_needed(row, "item"),
        amount=_whole(row, "amount"),
        rate=_rate(row),
        day=_day(row),
        quantity=quantity,
        unit=_text(row, "unit"),
        unit_price=unit_price,
    )


def _text(row: Row, column: str) -> str:
    value = row.get(column)
    return "" if value is None else str(value).replace("\r\n", "\n").replace("\t", " ").strip()


def _needed(row: Row, column: str) -> str:
    text = _text(row, column)
    if not text:
        raise _Flaw(Message("invoices.cell-is-empty", column=column))
    return text


def _number(row: Row, column: str) -> Decimal | None:
    value = row.get(column)
    if value is None:
        return None
    # A float is money that has already lost its fractions.
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _Flaw(Message("invoices.cell-is-no-exact-number", column=column, value=value))
    if not Decimal(value).is_finite():
        raise _Flaw(Message("invoices.cell-is-no-number", column=column, value=value))
    return Decimal(value)


def _whole(row: Row, column: str) -> int:
    number = _number(row, column)
    if number is None or number != int(number):
        raise _Flaw(Message("invoices.cell-is-no-whole-number", column=column, value=str(row.get(column))))
    return int(number)


def _rate(row: Row) -> int:
    rate = _whole(row, "tax_rate")
    if not 0 <= rate < 100:
        raise _Flaw(Message("invoices.tax-rate-is-no-percentage", rate=rate))
    return rate


def _day(row: Row) -> date | None:
    value = row.get("day")
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    raise _Flaw(Message("invoices.day-is-no-date", value=value))
