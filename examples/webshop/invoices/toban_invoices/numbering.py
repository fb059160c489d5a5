"""Numbers without gaps: all numbers of a run are given in one transaction, or none is.

A customer has one number for each period, whatever is killed and however often the batch runs. A content that
was not issued yet may change; an issued one is never changed: a new revision follows it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.db import transaction

from toban_invoices.content import InvoiceContent
from toban_invoices.models import Invoice, Revision, Series


class Act(StrEnum):
    """What happens to a customer's content."""

    NUMBER = "number"
    """It is the first for the period."""
    KEEP = "keep"
    """It equals the latest revision."""
    REWRITE = "rewrite"
    """It differs from the latest revision, which has not been issued."""
    REVISE = "revise"
    """It differs from the latest revision, which has been issued."""


@dataclass(frozen=True, slots=True)
class InvoiceBook:
    """The series, batch and period that the numbers are for."""

    series: str
    work: str
    period: date


@dataclass(frozen=True, slots=True)
class NumberingTally:
    """What a run did to the numbers."""

    numbered: int
    revised: tuple[str, ...]
    """Numbers that get another revision."""
    void: tuple[str, ...]
    """Numbers with nothing to bill any more, of which nothing had been issued."""
    gone: tuple[str, ...]
    """Issued numbers that no longer appear in the rows: people must deal with them."""


def decide(latest: Revision | None, digest: str) -> Act:
    """Decide what happens to content with *digest*, given the customer's *latest* revision of the period."""
    if latest is None:
        return Act.NUMBER
    if latest.digest == digest:
        return Act.KEEP
    return Act.REVISE if latest.issued_at else Act.REWRITE


def number(book: InvoiceBook, contents: Sequence[InvoiceContent], run: int) -> NumberingTally:
    """Give every content its number and revision, all at once."""
    with transaction.atomic():
        Series.objects.get_or_create(name=book.series)
        # Another run numbering in this series waits here: otherwise both would take the same number.
        series = Series.objects.select_for_update().get(name=book.series)
        known = {each.customer: each for each in Invoice.objects.filter(work=book.work, period=book.period)}
        latest = _latest(book)
        acts = {each.customer: decide(latest.get(each.customer), each.digest) for each in contents}
        known |= _numbered(series, book, [each for each in contents if each.customer not in known])
        void, gone = _left_over([invoice for name, invoice in known.items() if name not in acts])
        reopened = [known[name].pk for name in acts if known[name].is_void]
        Invoice.objects.filter(pk__in=reopened).update(is_void=False)
        _write(contents, acts, known, latest, run)
    return NumberingTally(
        numbered=sum(act is Act.NUMBER for act in acts.values()),
        revised=tuple(known[name].text for name, act in acts.items() if act is Act.REVISE),
        void=void,
        gone=gone,
    )


def _latest(book: InvoiceBook) -> dict[str, Revision]:
    revisions = Revision.objects.filter(invoice__work=book.work, invoice__period=book.period)
    in_order = revisions.select_related("invoice").defer("content").order_by("number")
    return {each.invoice.customer: each for each in in_order}


def _numbered(series: Series, book: InvoiceBook, contents: Sequence[InvoiceContent]) -> Mapping[str, Invoice]:
    invoices = [
        Invoice(series=series, number=place, work=book.work, customer=each.customer, period=book.period)
        for place, each in enumerate(contents, series.last + 1)
    ]
    series.last += len(invoices)
    series.save(update_fields=["last"])
    return {each.customer: each for each in Invoice.objects.bulk_create(invoices)}


def _left_over(left: Sequence[Invoice]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the void numbers, and the issued numbers, of invoices without rows."""
    # Nobody has seen what was never issued; only the number is kept.
    Revision.objects.filter(invoice__in=left, issued_at=None).delete()
    issued = set(Revision.objects.filter(invoice__in=left).values_list("invoice", flat=True))
    void = [invoice for invoice in left if invoice.pk not in issued]
    Invoice.objects.filter(pk__in=[each.pk for each in void]).update(is_void=True)
    gone = [invoice for invoice in left if invoice.pk in issued]
    return tuple(each.text for each in void), tuple(each.text for each in gone)


def _write(
    contents: Sequence[InvoiceContent],
    acts: Mapping[str, Act],
    known: Mapping[str, Invoice],
    latest: Mapping[str, Revision],
    run: int,
) -> None:
    added = []
    for content in contents:
        act, last = acts[content.customer], latest.get(content.customer)
        said = {"content": content.model_dump(mode="json"), "digest": content.digest, "run": run}
        if act is Act.REWRITE and last is not None:
            Revision.objects.filter(pk=last.pk, issued_at=None).update(**said)
        elif act is not Act.KEEP:
            place = last.number + 1 if last is not None else 1
            added.append(Revision(invoice=known[content.customer], number=place, **said))
    Revision.objects.bulk_create(added, batch_size=200)
