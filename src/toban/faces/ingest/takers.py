"""Threads that handle what senders send, so that nothing else in the server waits for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

_TAKERS = ThreadPoolExecutor(16, thread_name_prefix="take")
"""Batches that wait at the same time are written together by the store."""


_READERS = ThreadPoolExecutor(2, thread_name_prefix="read")
"""Reading takes a processor: more threads are no faster, and a batch being read takes ten times its bytes."""


async def by_a_taker[**P, Result](work: Callable[P, Result], *arguments: P.args, **named: P.kwargs) -> Result:
    """Run *work*, which mostly waits for the store."""
    return await asyncio.get_running_loop().run_in_executor(_TAKERS, partial(work, *arguments, **named))


async def by_a_reader[**P, Result](
    work: Callable[P, Result], *arguments: P.args, **named: P.kwargs
) -> Result:
    """Run *work*, which mostly computes."""
    return await asyncio.get_running_loop().run_in_executor(_READERS, partial(work, *arguments, **named))
