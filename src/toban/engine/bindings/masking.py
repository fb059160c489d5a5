"""What is masked in logs and errors before they are stored."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from toban.engine.bindings.section import Section, invalid
from toban.engine.bindings.table import Table
from toban.engine.registry.ports import Port
from toban.message import Message

_LONGEST = 500
"""Characters of a pattern."""
_PROBES = ("", "a", "1", " ", "あ")
"""Texts of which no pattern may match nothing at all: every place would be masked."""


def _pattern(written: str) -> str:
    # Commands that read bindings and mask nothing don't wait for it.
    import re2  # noqa: PLC0415

    options = re2.Options()
    # The time for a text grows with the size of the compiled pattern: this much takes seconds for 256 KiB.
    options.max_mem = 1 << 18
    options.log_errors = False
    try:
        found = re2.compile(written, options) if len(written) <= _LONGEST else None
    except re2.error as flaw:
        reason = flaw.args[0].decode() if isinstance(flaw.args[0], bytes) else str(flaw)
        raise invalid(
            Message("bindings.not-a-pattern", reason=reason), Message("bindings.write-a-pattern")
        ) from flaw
    if found is None or any(each[0] == "" for each in map(found.search, _PROBES) if each):
        raise invalid(Message("bindings.pattern-of-nothing"), Message("bindings.write-a-pattern"))
    return written


Pattern = Annotated[str, AfterValidator(_pattern)]


class Masking(Section):
    """The part of `[logs]` that applies to errors, too."""

    mask: tuple[Literal["credentials", "cards", "emails", "phones", "my_numbers"], ...] = (
        "credentials",
        "cards",
    )
    mask_fields: tuple[str, ...] = ()
    """Fields whose whole value is masked."""
    mask_patterns: Annotated[tuple[Pattern, ...], Field(max_length=50)] = ()
    """What is masked in every text besides: patterns of RE2, which takes the same time for any text."""


MASKING: Port[Table[Masking]] = Port("masking")
"""The table that says what is masked."""
