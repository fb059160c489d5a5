"""What is masked of logs and errors before they are stored."""

from typing import Literal

from toban.engine.bindings.section import Section


class Masking(Section):
    """The part of `[logs]` that also errors are masked by."""

    mask: tuple[Literal["credentials", "cards", "emails"], ...] = ("credentials", "cards")
    mask_fields: tuple[str, ...] = ()
    """Fields whose whole value is masked."""
