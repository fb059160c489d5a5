"""Where logs and evidence are kept on, in stores of `[stores]`."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from toban.engine.bindings.section import Section


class ArchiveBinding(Section):
    """`[logs.archive]`: where logs are kept on when the document lets go of them."""

    example: ClassVar[Mapping[str, str]] = {"store": "アーカイブ"}

    store: str = Field(min_length=1)
    """The `[stores.NAME]` it goes to."""
    kinds: tuple[str, ...] = ()
    """The document's kinds of log that are archived; empty: all of them."""


class EvidenceBinding(Section):
    """`[evidence]`: where evidence and audit log are shipped to every day, out of Toban's own hands."""

    example: ClassVar[Mapping[str, str]] = {"store": "監査"}

    store: str = Field(min_length=1)
    """The `[stores.NAME]` it goes to."""
    lock: Literal["governance", "compliance"] = "governance"
    """How each object is locked where the bucket has object lock: whether anybody at all may end it early."""
