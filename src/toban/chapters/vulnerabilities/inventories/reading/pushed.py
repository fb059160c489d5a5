"""Lists of packages as they are pushed: a bill of materials, or what `toban agent` found itself. Pure."""

from datetime import datetime
from typing import Any

import orjson

from toban.chapters.vulnerabilities.inventories.reading.sbom import NotABill, read_bill
from toban.chapters.vulnerabilities.package import Inventory, Package

_LONGEST = 300
"""Characters of each text about a package, as the state database keeps them."""
_MOST = 200_000
_FORMAT = "toban-inventory"


class NotAPushedList(ValueError):
    """It is none of these; the text says what is wrong with it."""


def as_pushed(inventory: Inventory) -> dict[str, Any]:
    """Return what the agent sends of *inventory*."""
    packages = [[each.ecosystem, each.name, each.version, each.installed] for each in inventory.packages]
    taken_at = inventory.taken_at.isoformat() if inventory.taken_at is not None else None
    return {
        "format": _FORMAT,
        "taken_at": taken_at,
        "packages": packages,
        "unknown": list(inventory.unknown),
    }


def read_pushed(written: bytes) -> Inventory:
    """Return what was pushed: CycloneDX, SPDX or the agent's own; raise `NotAPushedList`."""
    try:
        parsed = orjson.loads(written)
    except ValueError as error:
        raise NotAPushedList("this is not JSON") from error
    if isinstance(parsed, dict) and parsed.get("format") == _FORMAT:
        found = _read(parsed)
    else:
        try:
            packages, unknown, made_at = read_bill(written)
        except NotABill as error:
            raise NotAPushedList("this is neither CycloneDX nor SPDX, or larger than any image") from error
        found = Inventory(packages, made_at, unknown)
    if not found.packages and not found.unknown:
        raise NotAPushedList("no package is listed")
    texts = (text for each in found.packages for text in (each.ecosystem, each.name, each.version))
    if any(len(text) > _LONGEST for text in texts):
        raise NotAPushedList(f"a name or version is longer than {_LONGEST} characters")
    return found


def _read(parsed: dict[str, Any]) -> Inventory:
    try:
        packages = tuple(Package(*map(str, each)) for each in parsed["packages"])
        taken_at = datetime.fromisoformat(parsed["taken_at"])
        unknown = tuple(str(each)[:_LONGEST] for each in parsed["unknown"])
    except (KeyError, TypeError, ValueError) as error:
        raise NotAPushedList("this is no list of packages of toban agent") from error
    if taken_at.tzinfo is None or len(packages) > _MOST or len(unknown) > _MOST:
        raise NotAPushedList("this is no list of packages of toban agent")
    return Inventory(packages, taken_at, unknown)
