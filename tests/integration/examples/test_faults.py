"""The demo's faults: what breaks the shop, and mends it again."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from shop import faults
from shop.shelf import FRESH, Products, Shelf
from shop.switches import Switches

from toban.chapters.monitoring.sources.folder.source import FolderConfig, FolderSource

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
GOODS: Products = [{"id": 1, "name": "塩", "price_yen": 680}]


class Database:
    """Answers slowly enough to count who waits."""

    def __init__(self) -> None:
        self.asked = 0

    async def products(self) -> Products:
        self.asked += 1
        await asyncio.sleep(0.01)
        return [*GOODS, {"id": 2, "name": f"answer {self.asked}", "price_yen": 1}]


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SHOP_LOGS", str(tmp_path))
    monkeypatch.setattr(faults, "FOLDER_SIZE", 20_000_000)
    return tmp_path


def _used(folder: Path) -> float:
    config = FolderConfig.model_validate({"path": str(folder), "size": "20MB"})
    (found,) = FolderSource(config).measure(NOON)
    return found.value


def test_without_the_cache_each_customer_asks_the_database(tmp_path: Path) -> None:
    database = Database()
    shelf = Shelf(Switches(tmp_path))

    async def visit() -> None:
        for _ in range(3):
            await shelf.products(database.products)

    asyncio.run(visit())

    assert database.asked == 3


def test_with_the_cache_only_the_first_customer_waits(tmp_path: Path) -> None:
    database, clock, switches = Database(), Clock(), Switches(tmp_path)
    switches.turn("cache", on=True)
    shelf = Shelf(switches, clock)

    async def visit() -> tuple[int, str, str]:
        await shelf.products(database.products)
        await shelf.products(database.products)
        asked = database.asked
        clock.now = FRESH
        # Old products are served at once, while new ones are asked for.
        stale = await shelf.products(database.products)
        await asyncio.sleep(0.05)
        fresh = await shelf.products(database.products)
        return asked, str(stale[1]["name"]), str(fresh[1]["name"])

    assert asyncio.run(visit()) == (1, "answer 1", "answer 2")


def test_a_switch_may_be_turned_twice(tmp_path: Path) -> None:
    switches = Switches(tmp_path / "switches")

    assert not switches.is_slow
    for on in (True, True, False, False):
        switches.turn("slow", on=on)
        assert switches.is_slow is on


def test_a_full_folder_is_over_the_critical_limit_and_mended_it_is_as_before(logs: Path) -> None:
    (logs / "access.log.2026-04-01").write_bytes(os.urandom(1_000_000))

    for _ in range(2):
        faults.FAULTS["disk"].begin()
        assert 90 < _used(logs) < 100

    for _ in range(2):
        faults.FAULTS["disk"].mend()
        assert _used(logs) < 10
    assert [each.name for each in logs.iterdir()] == ["access.log.2026-04-01"]


def test_what_fills_the_folder_is_older_than_the_document_keeps_it(logs: Path) -> None:
    faults.FAULTS["disk"].begin()

    kept_since = datetime.now(UTC) - timedelta(days=90)
    assert all(datetime.fromtimestamp(each.stat().st_mtime, UTC) < kept_since for each in logs.iterdir())
    faults.FAULTS["disk"].mend()
