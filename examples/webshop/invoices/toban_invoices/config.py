"""What `toban.toml` says about invoices."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import invalid
from toban.engine.bindings.values import Length
from toban.engine.runs.kinds import BatchBinding
from toban.message import Message
from toban_invoices.content import Issuer
from toban_invoices.period import Closing, read_term
from toban_invoices.tax import Prices, Rounding
from toban_invoices.texts import Texts


def _term(written: str) -> str:
    if written and read_term(written) is None:
        raise invalid(Message("invoices.not-a-payment-term"), Message("invoices.write-a-payment-term"))
    return written


class InvoiceBatch(BatchBinding):
    """`kind = "invoices"`."""

    dsn: Secret
    """The database with the data to bill; a read-only role is enough."""
    query: str = Field(min_length=1)
    """One SELECT, with a row for each invoice line; `%(start)s` and `%(end)s` are the period's bounds."""
    folder: str = Field(min_length=1)
    """Where the PDFs go; relative to the folder of `toban.toml`."""
    issuer: Issuer
    series: str = Field(default="%Y", max_length=80, pattern=r"^[\w%-]+$")
    """The part before the number, by the period's last day (%Y: its year); each series counts from 1."""
    closing: Closing = Closing.DUE
    prices: Prices = Prices.EXCLUDED
    rounding: Rounding = Rounding.FLOOR
    reduced_rate: int = Field(default=8, ge=0, lt=100)
    """Percent; the lines at this rate carry the mark ※."""
    payment: Annotated[str, AfterValidator(_term)] = "翌月末"
    """The payment due date, counted from the closing; empty: the invoice does not mention it."""
    texts: Texts = Texts()
    query_timeout: Length = timedelta(minutes=5)
