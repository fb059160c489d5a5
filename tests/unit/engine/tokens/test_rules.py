"""Which tokens may be made, and how many requests one may send."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.engine.orders import NotPossible
from toban.engine.tokens.rules import LONGEST, Pace, WantedToken

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
KNOWN = ("read:runs", "act:runs")


@pytest.mark.parametrize("ends_at", [NOW + timedelta(microseconds=1), NOW + LONGEST])
def test_a_token_has_an_end_within_a_year(ends_at: datetime) -> None:
    WantedToken("ci", KNOWN, ends_at).check(KNOWN, NOW, may_order=True)


def test_a_viewer_may_have_a_token_that_reads() -> None:
    WantedToken("ci", ["read:runs"], NOW + HOUR).check(KNOWN, NOW, may_order=False)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (WantedToken(" ", ["read:runs"], NOW + HOUR), "tokens.name-missing"),
        (WantedToken("ci", [], NOW + HOUR), "tokens.scope-missing"),
        (WantedToken("ci", ["read:runs", "read:everything"], NOW + HOUR), "tokens.no-such-scope"),
        (WantedToken("ci", ["act:runs"], NOW + HOUR), "tokens.viewer-gives-no-orders"),
        (WantedToken("ci", ["read:runs"], NOW), "tokens.end-is-over"),
        (WantedToken("ci", ["read:runs"], NOW + LONGEST + HOUR), "tokens.too-long"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(wanted: WantedToken, code: str) -> None:
    with pytest.raises(NotPossible) as refused:
        wanted.check(KNOWN, NOW, may_order=False)

    assert refused.value.said.code == code


def test_a_minutes_worth_may_come_at_once_and_then_as_many_as_become_free() -> None:
    pace, free_at = Pace(60), 0.0
    for _ in range(60):
        assert pace.wait(free_at, 1000.0) == 0
        free_at = pace.one_more(free_at, 1000.0)

    assert pace.wait(free_at, 1000.0) == pytest.approx(1)
    assert pace.wait(free_at, 1001.0) == pytest.approx(0)
    assert pace.wait(free_at, 1060.0) == 0
