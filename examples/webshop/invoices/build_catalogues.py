"""Compiles the package's catalogues at every build, editable ones included; a wheel holds them."""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LOCALE = Path("toban_invoices/locale")


class CataloguesHook(BuildHookInterface[Any]):
    """Compiles before the files of the wheel are gathered."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's own
        """Compile every catalogue beside its source."""
        for source in Path(self.root, LOCALE).glob("*/LC_MESSAGES/*.po"):
            with source.open("rb") as file:
                catalogue = read_po(file, locale=source.parts[-3])
            with source.with_suffix(".mo").open("wb") as file:
                write_mo(file, catalogue)
        # They are ignored by git, and hatchling leaves out what git ignores.
        build_data["artifacts"].append(f"{LOCALE}/**/*.mo")
