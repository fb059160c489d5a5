"""Threads for what senders send: they wait for the store, and nothing else of the server waits for them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

_TAKERS = ThreadPoolExecutor(16, thread_name_prefix="take")
"""As many batches as wait together are written together by the store."""


async def by_a_taker[**P, Result](work: Callable[P, Result], *arguments: P.args, **named: P.kwargs) -> Result:
    """Run *work* on one of the threads."""
    return await asyncio.get_running_loop().run_in_executor(_TAKERS, partial(work, *arguments, **named))
