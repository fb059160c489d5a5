"""What is said about a report that is kept: edition, signatures, remarks, differences. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from toban.message import Message


class SigningStep(StrEnum):
    """The signatures of a report, in their order."""

    MADE = "made"
    CHECKED = "checked"
    APPROVED = "approved"

    @property
    def word(self) -> Message:
        """What stands above its box."""
        return Message(f"reports.box-{self.value}")


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed a report, and when."""

    step: SigningStep
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody says about a part of the report: words of theirs, and no figure."""

    number: int
    part: str
    """A `ReportPart`."""
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FigureDifference:
    """A figure that another edition tells otherwise."""

    key: str
    label: Message
    before: Message
    """Nothing if the edition before does not have it."""
    after: Message
    """Nothing if this one does not."""

    def as_json(self) -> dict[str, object]:
        """Return JSON values."""
        said = {"label": self.label, "before": self.before, "after": self.after}
        return {"key": self.key, **{name: each.as_json() for name, each in said.items()}}


@dataclass(frozen=True, slots=True)
class ReportEdition:
    """An edition of a month's report that is kept."""

    number: int
    made_at: datetime
    made_by: str
    """A name, or `schedule`."""
    digest: str
    """Of all that it says but for remarks and signatures."""
    evidence: int
    """The entry of the evidence that records the digest."""
    differences: tuple[FigureDifference, ...] = ()
    """From the edition before; none in the first."""
