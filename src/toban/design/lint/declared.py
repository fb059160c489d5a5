"""What owners have declared about their document, and does not fit it."""

from collections.abc import Iterator

from toban.design.finding import FindingLevel
from toban.design.lint.rule import Inspection, Remark, rule
from toban.design.reading.declared.declaration import Flaw


@rule("RD001", FindingLevel.ERROR)
def declaration_is_not_understood(on: Inspection) -> Iterator[Remark]:
    """A declaration names a kind or a column in a word that is not known."""
    return _remarks(on, Flaw.WORDS)


@rule("RD002", FindingLevel.ERROR)
def declaration_fits_nothing(on: Inspection) -> Iterator[Remark]:
    """What a declaration is about, or a column that it names or needs, is not there."""
    return _remarks(on, Flaw.PLACE)


@rule("RD003", FindingLevel.WARNING)
def row_is_not_what_is_declared(on: Inspection) -> Iterator[Remark]:
    """A row has no value that its declared kind can have."""
    return _remarks(on, Flaw.VALUE)


def _remarks(on: Inspection, flaw: Flaw) -> Iterator[Remark]:
    for each in on.design.misdeclared:
        if each.flaw is flaw:
            yield Remark(each.origin, each.quote, each.message, each.hint)
