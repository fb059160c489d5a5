"""The counting of false greens itself."""

from collections import Counter

import pytest
from tests.e2e.faults.claims import Claim, Truth, compared

ROW, GRACE = "monitoring/monitor/店/エラー率", 30.0


@pytest.fixture
def truth(monkeypatch: pytest.MonkeyPatch) -> Truth:
    """The row fails at 100 s, and is well again at 200 s."""
    told = Truth({ROW: GRACE})
    moments = iter([100.0, 200.0])
    monkeypatch.setattr("time.monotonic", lambda: next(moments))
    told.fails(ROW)
    told.is_well(ROW)
    monkeypatch.undo()
    return told


@pytest.mark.parametrize(
    ("asked", "answered", "claims", "false"),
    [
        (99.0, 99.1, 0, 0),
        (129.9, 130.0, 0, 0),
        (130.0, 130.1, 1, 1),
        (199.0, 199.9, 1, 1),
        # It may speak of the moment at which all was well again.
        (199.0, 200.0, 0, 0),
        (240.0, 240.1, 0, 0),
    ],
)
def test_green_is_false_if_nothing_was_well_within_the_grace(
    truth: Truth, asked: float, answered: float, claims: int, false: int
) -> None:
    found = compared([Claim("page", asked, answered, {ROW: "conforming"})], truth)

    assert (found.claims, found.false_greens.total()) == (claims, false)


@pytest.mark.parametrize("verdict", ["deviating", "not-measurable", "warning"])
def test_any_other_verdict_is_no_false_green(truth: Truth, verdict: str) -> None:
    found = compared([Claim("page", 150.0, 150.1, {ROW: verdict})], truth)

    assert (found.claims, found.false_greens) == (1, Counter())


def test_a_view_without_the_row_claims_nothing(truth: Truth) -> None:
    assert compared([Claim("page", 150.0, 150.1, {})], truth).claims == 0
