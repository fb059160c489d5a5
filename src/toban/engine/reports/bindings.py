"""`[reports]` in `toban.toml`: who signs the monthly report, how soon, and the logo on it."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from toban.engine.bindings.section import Section, beside_the_bindings, invalid
from toban.engine.bindings.table import single
from toban.engine.bindings.values import Length
from toban.engine.reports.edition import SigningStep
from toban.message import Message


class ReportsBinding(Section):
    """`[reports]`: no document says who makes, checks and approves the report."""

    made_by: str = ""
    """Whose task it is to make it, in the document's words; empty if nobody signs in Toban."""
    checked_by: str = ""
    approved_by: str = ""
    within: int = Field(default=3, ge=1, le=20)
    """Business days from the moment its task opens, in which it is to be made."""
    approval_within: Length = timedelta(days=7)
    """How long a check or an approval is waited for before it is asked for again."""
    logo: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """A PNG or SVG file for page and PDF."""

    @model_validator(mode="after")
    def _all_or_none(self) -> Self:
        if 0 < sum(map(bool, self.roles)) < len(SigningStep):
            raise invalid(Message("reports.name-all-signers"))
        return self

    @property
    def roles(self) -> Sequence[str]:
        """Who signs, in the order of `SigningStep`."""
        return self.made_by, self.checked_by, self.approved_by

    def role(self, step: SigningStep) -> str:
        """Return who signs *step*."""
        return self.roles[list(SigningStep).index(step)]


REPORTS = single("reports", ReportsBinding, ReportsBinding())
"""Who signs the monthly report, and the logo on it."""
