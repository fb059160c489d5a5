"""The server's memory settings: batches of megabytes come and go by the hundred."""

import gc

import pyarrow

_UNLOOKED_AT = 50_000
"""Objects that may be created before the next garbage collection: those of one or two large batches."""


def settle() -> None:
    """Treat everything that is loaded by now as permanent."""
    gc.collect()
    gc.freeze()
    # Ten thousand rows in use are not garbage, but checking that took a third of the time spent on reading
    # them.
    gc.set_threshold(_UNLOOKED_AT)
    # Arrow's own pool keeps each thread's peak memory: some 50 MB in all.
    pyarrow.set_memory_pool(pyarrow.system_memory_pool())
