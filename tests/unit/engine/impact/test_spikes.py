"""What stands out beside what is usual."""

import pytest

from toban.engine.impact.spikes import stands_out


@pytest.mark.parametrize(
    ("count", "before", "said"),
    [
        (9, [0, 0, 0], False),
        (10, [0, 0, 0], True),
        (10, [], True),
        (30, [10, 10], True),
        (29, [10, 10], False),
        (60, [2] * 24, True),
        (40, [40] * 24, False),
    ],
)
def test_three_times_the_usual_number_stands_out_but_never_a_few(
    count: int, before: list[int], said: bool
) -> None:
    assert stands_out(count, before) is said
