"""What `predict_linear` answers: a line through the samples of a window, by least squares."""

import numpy as np
from benchmarks.capacity.stated import HELD_OUT, SAMPLES, Floats

SIX_HOURS = SAMPLES // 4
"""The window of the usual rules for disks that fill up (`node_exporter`'s mixin: `[6h]`)."""
FOUR_WEEKS = 28 * SAMPLES


def predict_linear(samples: Floats, window: int) -> Floats | None:
    """Return a line at noon of the days held out, through the last *window* of *samples*, a row a day.

    None if there are none.
    """
    past = samples.ravel()[-window:]
    known = np.isfinite(past)
    if np.count_nonzero(known) < 2:
        return None
    before = np.arange(-len(past), 0)[known]
    growth, level = np.polyfit(before, past[known], 1)
    line: Floats = level + growth * samples.shape[1] * (np.arange(HELD_OUT) + 0.5)
    return line
