"""What the server does with memory: batches of megabytes come and go by the hundred."""

import gc

import pyarrow

_UNLOOKED_AT = 50_000
"""Objects that may come up before it is looked which of them are garbage: those of one large batch or two."""


def settle() -> None:
    """Take what is loaded by now for what stays."""
    gc.collect()
    gc.freeze()
    # Ten thousand rows in hand are no garbage. Of the time that they took to read, a third went into looking
    # whether they were.
    gc.set_threshold(_UNLOOKED_AT)
    # Arrow's own pool keeps for each thread what it had at its busiest: some 50 MB in all.
    pyarrow.set_memory_pool(pyarrow.system_memory_pool())
