"""What is for sale, kept in memory while the shop's cache is on."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from shop.switches import Switches

FRESH = 30.0
"""Seconds until the products are asked for again, behind the customers' backs."""

type Products = list[dict[str, Any]]


class Shelf:
    """The newest products. With the cache on, only the first customer ever waits for the database."""

    def __init__(self, switches: Switches, clock: Callable[[], float] = time.monotonic) -> None:
        self._switches, self._clock = switches, clock
        self._kept: Products | None = None
        self._at = 0.0
        self._asking: asyncio.Task[None] | None = None

    async def products(self, ask: Callable[[], Awaitable[Products]]) -> Products:
        """Return what is for sale; *ask* asks the database."""
        if not self._switches.has_cache:
            self._kept = None
            return await ask()
        if self._kept is None:
            await self._renew(ask)
        elif self._clock() - self._at >= FRESH and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._renew(ask))
        return self._kept or []

    async def _renew(self, ask: Callable[[], Awaitable[Products]]) -> None:
        self._kept, self._at = await ask(), self._clock()
