"""The steps of an invoice batch: number, render, record. Each can be repeated, and then changes nothing."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.db import transaction
from django.db.models import Max

from toban.chapters.batch.database import SqlQuestion
from toban.engine import paper
from toban.engine.clock import system_clock
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.runs.kinds import Site
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import RunTurn, StepFailed
from toban.message import Message, lines, message_of
from toban_invoices import layout, manifest, numbering, rows
from toban_invoices.config import InvoiceBatch
from toban_invoices.content import InvoiceContent, InvoiceTerms
from toban_invoices.models import Invoice, Revision
from toban_invoices.period import InvoicePeriod, periods, read_term

_MOST_ROWS = 500_000
_MANIFEST = "manifest.csv"


@dataclass(frozen=True, slots=True)
class Billing:
    """An invoice batch with its bindings."""

    config: InvoiceBatch
    site: Site

    @property
    def work(self) -> str:
        """The batch's id."""
        return self.site.batch.batch_id or self.site.batch.name

    @property
    def folder(self) -> Path:
        """The folder for the files."""
        return self.site.folder / self.config.folder

    def look(self) -> layout.PrintStyle:
        """What the invoices are printed with; raises `StepFailed`."""
        issuer, folder = self.config.issuer, self.site.folder
        try:
            font = paper.font()
        except paper.NoFont as error:
            raise StepFailed(message_of(error), RunReason.NOT_RUNNABLE) from error
        return layout.PrintStyle(
            font,
            self.site.bindings.system.zone,
            logo=folder / issuer.logo if issuer.logo else None,
            seal=folder / issuer.seal if issuer.seal else None,
        )

    def period(self, turn: RunTurn) -> InvoicePeriod:
        """Return the period that the run bills, or raise `StepFailed`.

        It is the last period that had closed when the run was due, or that closed in the requested `month`.
        """
        system = self.site.bindings.system
        ended = list(periods(self.site.batch.schedule, system, turn.due_at, self.config.closing))
        month = turn.parameters.get("month")
        chosen = [each for each in ended if month is None or f"{each.last_day:%Y-%m}" == month]
        if not chosen:
            why = (
                Message("invoices.month-has-no-closing", month=month)
                if month
                else Message("invoices.nothing-closed-yet")
            )
            raise StepFailed(why, RunReason.NOT_RUNNABLE)
        return chosen[-1]

    def terms(self, period: InvoicePeriod) -> InvoiceTerms:
        """Return what the period's invoices have in common."""
        config, term = self.config, read_term(self.config.payment)
        return InvoiceTerms(
            issuer=config.issuer,
            texts=config.texts,
            title=period.title,
            period=period.words,
            pay_by=term.after(period.last_day) if term is not None else None,
            prices=config.prices,
            rounding=config.rounding,
            reduced_rate=config.reduced_rate,
        )


def number(billing: Billing, turn: RunTurn) -> object:
    """Read what to bill, and give every customer a number, all at once."""
    config, period = billing.config, billing.period(turn)
    turn.progress(None, Message("invoices.reading", period=period.title))
    question = SqlQuestion(
        config.dsn, config.query, billing.site.bindings.system.zone, config.query_timeout, _MOST_ROWS
    )
    found = question.ask({"start": period.start, "end": period.end})
    try:
        contents = rows.contents(found, billing.terms(period), turn.due_at.date())
    except rows.Unbillable as error:
        raise StepFailed(lines(Message("invoices.rows-are-unbillable"), message_of(error))) from error
    _refuse_unprintable(contents, billing.look().font)
    book = numbering.InvoiceBook(f"{period.last_day:{config.series}}", billing.work, period.last_day)
    tally = numbering.number(book, contents, turn.run_id)
    turn.say(
        Message(
            "invoices.read",
            period=period.title,
            days=period.words,
            rows=Message("invoices.rows", count=len(found)),
            customers=Message("invoices.customers", count=len(contents)),
        )
    )
    for each in tally.revised:
        turn.say(Message("invoices.is-revised", number=each))
    for each in tally.gone:
        turn.say(Message("invoices.is-gone", number=each))
    for each in tally.void:
        turn.say(Message("invoices.is-void", number=each))
    return {
        "period": period.last_day.isoformat(),
        "title": period.title,
        "customers": len(contents),
        "numbered": tally.numbered,
        "revised": list(tally.revised),
        "gone": list(tally.gone),
        "void": list(tally.void),
    }


def _refuse_unprintable(contents: Sequence[InvoiceContent], font: paper.Font) -> None:
    """Refuse an unprintable recipient name before it gets a number: the invoice would be invalid."""
    lacking = [
        Message("invoices.name-is-unprintable", customer=each.customer, missing=missing, font=font.file.name)
        for each in contents
        if (missing := paper.unprintable(each.name, font))
    ]
    if lacking:
        hint = Message("invoices.choose-a-font")
        raise StepFailed(lines(Message("invoices.names-are-unprintable"), *lacking[:20], hint))


def render(billing: Billing, turn: RunTurn) -> object:
    """Print what has not been issued yet, or is no longer on the disk as it was."""
    look, period = billing.look(), _period_numbered(turn)
    latest = list(_latest(billing, period))
    printed = 0
    for place, revision in enumerate(latest):
        stop = turn.why_stop()
        if stop is not None:
            raise StepFailed(Message("invoices.stopped-midway"), stop)
        so_far = Message("invoices.printed-so-far", done=f"{place:,}", count=len(latest))
        turn.progress(100 * place / len(latest), so_far)
        if not _is_issued(billing.folder, revision):
            _issue(billing, revision, look, turn)
            printed += 1
    return {"printed": printed, "untouched": len(latest) - printed}


def _period_numbered(turn: RunTurn) -> date:
    return date.fromisoformat(str(_result(turn, "number")["period"]))


def _result(turn: RunTurn, step: str) -> Mapping[str, object]:
    result = turn.results[step]
    if not isinstance(result, Mapping):
        raise TypeError(f"the step {step} returned no mapping")
    return result


def _latest(billing: Billing, period: date) -> Iterator[Revision]:
    """Yield the newest revision of each number of the period, by number, without its content."""
    of_period = Revision.objects.filter(invoice__work=billing.work, invoice__period=period)
    newest = of_period.values("invoice").annotate(newest=Max("pk")).values("newest")
    ordered = of_period.filter(pk__in=newest).order_by("invoice__series", "invoice__number")
    yield from ordered.select_related("invoice").defer("content")


def _is_issued(folder: Path, revision: Revision) -> bool:
    if revision.issued_at is None:
        return False
    try:
        return hashlib.sha256((folder / revision.file).read_bytes()).hexdigest() == revision.sha256
    except OSError:
        return False


def _issue(billing: Billing, revision: Revision, look: layout.PrintStyle, turn: RunTurn) -> None:
    name = revision.invoice.text
    printed = layout.draw(InvoiceContent.of(revision.content), name, revision.number, look)
    if printed.missing:
        turn.say(Message("invoices.characters-are-replaced", number=name, missing=printed.missing))
    suffix = f"-r{revision.number}" if revision.number > 1 else ""
    file = Path(revision.invoice.period.isoformat()) / f"{name}{suffix}.pdf"
    try:
        write(billing.folder / file, printed.pdf)
    except OSError as error:
        raise StepFailed(_not_written(billing.folder / file, error)) from error
    revision.file, revision.sha256 = file.as_posix(), hashlib.sha256(printed.pdf).hexdigest()
    # The issue date is that of the first printing; a later printing is a copy.
    revision.issued_at = revision.issued_at or system_clock()
    revision.save(update_fields=["file", "sha256", "issued_at"])


def write(path: Path, whole: bytes) -> None:
    """Write *path* atomically, so that it survives a power cut; only the group may read it."""
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    # The next attempt reuses this name: being killed leaves no litter.
    draft = path.with_name(f".{path.name}.part")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
        with os.fdopen(descriptor, "wb") as file:
            file.write(whole)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        # A partial file would only help to keep a full disk full.
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _not_written(file: Path, error: OSError) -> Message:
    return Message("invoices.file-is-not-writable", file=file, reason=error.strerror)


def record(billing: Billing, turn: RunTurn) -> Message:
    """Write the period's table next to the files and its contents into the evidence; return a summary."""
    period, title = _period_numbered(turn), str(_result(turn, "number")["title"])
    entries = list(_entries(billing, period))
    void = Invoice.objects.filter(work=billing.work, period=period, is_void=True).order_by("series", "number")
    # The byte order mark tells spreadsheets that it is UTF-8.
    text = manifest.table(entries, [invoice.text for invoice in void]).encode("utf-8-sig")
    file = billing.folder / period.isoformat() / _MANIFEST
    try:
        write(file, text)
    except OSError as error:
        raise StepFailed(_not_written(file, error)) from error
    latest = [entry for entry in entries if entry.is_latest]
    total = sum(entry.content.totals.to_pay for entry in latest)
    summary = Message("invoices.issued", period=title, count=len(latest), total=layout.yen(total))
    digest = hashlib.sha256(text).hexdigest()
    content = {"issued": summary.as_json(), "manifest": str(file), "sha256": digest, "run": turn.run_id}
    _remember(billing, turn, content)
    turn.say(Message("invoices.issued-into", issued=summary, folder=file.parent))
    return summary


def _entries(billing: Billing, period: date) -> Iterator[manifest.ManifestEntry]:
    latest = {revision.pk for revision in _latest(billing, period)}
    of_period = Revision.objects.filter(invoice__work=billing.work, invoice__period=period)
    ordered = of_period.select_related("invoice").order_by("invoice__series", "invoice__number", "number")
    for revision in ordered.iterator(chunk_size=500):
        if revision.issued_at is not None:
            yield manifest.ManifestEntry(
                revision.invoice.text,
                revision.number,
                revision.pk in latest,
                InvoiceContent.of(revision.content),
                revision.file,
                revision.sha256,
                revision.issued_at,
            )


def _remember(billing: Billing, turn: RunTurn, content: Mapping[str, object]) -> None:
    """Add *content* to the evidence once for each run, even if the step is repeated."""
    clause_id = billing.site.batch.id
    with transaction.atomic():
        ledger.hold()
        former = LedgerEntry.objects.filter(clause_id=clause_id, content__run=turn.run_id)
        if not former.filter(content__sha256=content["sha256"]).exists():
            digest = billing.site.design.digest
            entry = ledger.Record(
                LedgerEntry.Kind.AUDIT, content, clause_id=clause_id, document_digest=digest
            )
            ledger.append(entry, now=system_clock())


STEPS: Mapping[str, Callable[[Billing, RunTurn], object]] = {
    "number": number,
    "render": render,
    "record": record,
}
