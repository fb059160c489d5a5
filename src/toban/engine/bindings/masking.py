"""What is masked in logs and errors before they are stored."""

from typing import Literal

from toban.engine.bindings.section import Section
from toban.engine.bindings.table import Table
from toban.engine.registry.ports import Port


class Masking(Section):
    """The part of `[logs]` that applies to errors, too."""

    mask: tuple[Literal["credentials", "cards", "emails"], ...] = ("credentials", "cards")
    mask_fields: tuple[str, ...] = ()
    """Fields whose whole value is masked."""


MASKING: Port[Table[Masking]] = Port("masking")
"""The table that says what is masked."""
