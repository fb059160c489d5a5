"""Lists of packages as they are pushed."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from toban.chapters.vulnerabilities.inventories.reading.pushed import (
    NotAPushedList,
    as_pushed,
    read_pushed,
)
from toban.chapters.vulnerabilities.package import Inventory, Package

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
_TEXT = some.text(min_size=1, max_size=300)


@given(
    some.builds(
        Inventory,
        some.lists(some.builds(Package, _TEXT, _TEXT, _TEXT, _TEXT), min_size=1).map(tuple),
        some.datetimes(timezones=some.just(UTC)),
        some.lists(_TEXT).map(tuple),
    )
)
def test_what_the_agent_sends_is_read_as_it_was(inventory: Inventory) -> None:
    assert read_pushed(json.dumps(as_pushed(inventory)).encode("utf-8", "surrogatepass")) == inventory


def test_bills_of_materials_are_read_too() -> None:
    cyclonedx = {
        "bomFormat": "CycloneDX",
        "metadata": {"timestamp": NOON.isoformat()},
        "components": [{"purl": "pkg:pypi/lib@1.0"}, {"type": "library", "name": "zlib"}],
    }

    found = read_pushed(json.dumps(cyclonedx).encode())

    assert found == Inventory((Package("PyPI", "lib", "1.0"),), NOON, ("zlib",))


def own(**instead: Any) -> bytes:
    sent = as_pushed(Inventory((Package("PyPI", "lib", "1.0"),), NOON))
    return json.dumps({**sent, **instead}).encode()


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (b"", "not JSON"),
        (b"[]", "neither CycloneDX nor SPDX"),
        (b'{"bomFormat": "CycloneDX"}', "no package"),
        (own(packages=[]), "no package"),
        (own(packages=[["PyPI"]]), "no list of packages"),
        (own(packages=5), "no list of packages"),
        (own(packages=[["PyPI", "lib", "1", "", "more"]]), "no list of packages"),
        (own(packages=[["PyPI", "l" * 301, "1"]]), "longer than 300"),
        (own(taken_at=None), "no list of packages"),
        (own(taken_at="2026-11-25T12:00:00"), "no list of packages"),
        (own(unknown=None), "no list of packages"),
    ],
)
def test_anything_else_is_refused(written: bytes, why: str) -> None:
    with pytest.raises(NotAPushedList, match=why):
        read_pushed(written)
