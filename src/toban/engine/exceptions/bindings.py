"""`[exceptions]` in `toban.toml`: who grants exceptions, and for how long at most."""

from datetime import timedelta

from pydantic import Field

from toban.engine.bindings.section import Section
from toban.engine.bindings.table import single
from toban.engine.bindings.values import Length


class ExceptionBinding(Section):
    """`[exceptions]`: no document says who may allow a deviation from it."""

    role: str = Field(default="運用責任者", min_length=1)
    """Whose approval an exception needs, in the document's words."""
    longest: Length = timedelta(days=365)
    """No exception ends later than this after it was requested; a person may renew it."""
    approval_within: Length = timedelta(days=7)
    """How long a requested exception waits for approval."""
    remind: Length = timedelta(days=7)
    """How long before its end its author is reminded."""


EXCEPTIONS = single("exceptions", ExceptionBinding, ExceptionBinding())
"""Who grants exceptions, and for how long at most."""
