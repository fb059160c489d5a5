"""What an invoice says, as a value that is stored and can be printed again. Pure."""

import hashlib
import json
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Self

from pydantic import BaseModel, ConfigDict, field_validator
from pydantic_core.core_schema import ValidationInfo

from toban.engine.bindings.section import Section, invalid
from toban.message import Message
from toban_invoices.registration import complaint
from toban_invoices.tax import Prices, Rounding, Totals, totals
from toban_invoices.texts import Texts


class Issuer(Section):
    """`[batches.ID.issuer]`: the qualified invoice issuer."""

    name: str
    is_corporation: bool = True
    """False for a sole proprietor, whose registration number has no check digit."""
    registration: str
    """T and 13 digits."""
    address: str = ""
    """Lines, printed as they are."""
    contact: str = ""
    """Telephone, e-mail: lines, printed as they are."""
    logo: str = ""
    """A PNG or JPEG file; relative to the folder of `toban.toml`."""
    seal: str = ""
    """A picture of the seal (角印), printed over the end of the name."""

    @field_validator("registration")
    @classmethod
    def _is_a_number(cls, written: str, info: ValidationInfo) -> str:
        why = complaint(written, is_corporation=info.data.get("is_corporation", True))
        if why:
            raise invalid(why, Message("invoices.look-up-registration"))
        return written


class _InvoiceModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InvoiceLine(_InvoiceModel):
    """One line of an invoice: what was sold."""

    item: str
    amount: int
    """Yen."""
    rate: int
    """The tax rate in percent; 0 where none is due."""
    day: date | None = None
    quantity: Decimal | None = None
    unit: str = ""
    unit_price: Decimal | None = None


class InvoiceTerms(_InvoiceModel):
    """What all invoices of a period have in common."""

    issuer: Issuer
    texts: Texts
    title: str
    """2026年11月分."""
    period: str
    """From when until when, as text."""
    pay_by: date | None
    prices: Prices
    rounding: Rounding
    reduced_rate: int
    """The rate, in percent, whose lines carry the mark ※ (軽減税率)."""


class InvoiceContent(_InvoiceModel):
    """One invoice, except its number."""

    customer: str
    """The key by which the operator's database knows the recipient."""
    name: str
    honorific: str
    address: str
    lines: tuple[InvoiceLine, ...]
    terms: InvoiceTerms
    issued_on: date

    @cached_property
    def totals(self) -> Totals:
        """The totals of the invoice."""
        amounts = ((line.rate, line.amount) for line in self.lines)
        return totals(amounts, self.terms.prices, self.terms.rounding)

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of everything but the day of issue: the same content is not a new invoice."""
        said = self.model_dump(mode="json", exclude={"issued_on"})
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    @classmethod
    def of(cls, kept: object) -> Self:
        """Return the content that was stored as `model_dump(mode="json")`."""
        return cls.model_validate(kept)
