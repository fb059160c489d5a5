"""The settings of `[scaling.GROUP]` with `kind = "command"`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from toban.chapters.capacity.scalers.by_command import ByCommand
from toban.engine.bindings.section import beside_the_bindings


class CommandScaling(ByCommand):
    """`kind = "command"`: whatever the team scales with already."""

    example: ClassVar[Mapping[str, str | Sequence[str]]] = {
        "resize": ["bin/resize", "{to}"],
        "count": ["bin/count"],
    }

    folder: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """Where the commands run; None: in the folder of `toban.toml`."""
