"""The switches of the shop's API: files that people, remedies and game days make. `python -m shop.switches`.

`cache on` keeps the products in the API's memory; `cache off` asks the database each time, as at first.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import click

SLOW = 1.5
"""Seconds that a query for the products takes while it is slow: beyond the document's critical limit."""


@dataclass(frozen=True, slots=True)
class Switches:
    """Files in a folder; None: there is no folder, and all are off."""

    folder: Path | None

    @classmethod
    def of_the_shop(cls) -> "Switches":
        """Return those of the environment, `SHOP_SWITCHES`."""
        named = os.environ.get("SHOP_SWITCHES")
        return cls(Path(named) if named else None)

    @property
    def is_slow(self) -> bool:
        """Whether the query for the products is slow: a game day's fault."""
        return self._is_on("slow")

    @property
    def has_cache(self) -> bool:
        """Whether products are served from memory."""
        return self._is_on("cache")

    def turn(self, name: str, *, on: bool) -> None:
        """Switch *name* on or off; once more changes nothing."""
        if self.folder is None:
            raise click.ClickException("SHOP_SWITCHES names no folder")
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if on:
            (self.folder / name).touch(mode=0o600)
        else:
            (self.folder / name).unlink(missing_ok=True)

    def _is_on(self, name: str) -> bool:
        return self.folder is not None and (self.folder / name).exists()


@click.command()
@click.argument("name", type=click.Choice(["cache"]))
@click.argument("state", type=click.Choice(["on", "off"]))
def main(name: str, state: str) -> None:
    """Switch something on or off."""
    Switches.of_the_shop().turn(name, on=state == "on")
    click.echo(f"{name}: {state}")


if __name__ == "__main__":
    main()
