"""The ribbon of a row's verdicts."""

from datetime import UTC, datetime, timedelta

from toban.engine.evidence.verdict import Verdict
from toban.faces.web.decisions.ribbon import LONG, VerdictChange, ribbon

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def pieces(*changes: tuple[timedelta, Verdict]) -> list[tuple[str, float, float]]:
    found = ribbon([VerdictChange(NOW - ago, verdict) for ago, verdict in changes], NOW)
    return [(each.verdict.value, each.left, each.width) for each in found]


def test_each_verdict_has_its_share_of_ninety_days() -> None:
    found = pieces((45 * DAY, Verdict.DEVIATING), (9 * DAY, Verdict.CONFORMING))

    assert found == [("deviating", 500.0, 400.0), ("conforming", 900.0, 100.0)]


def test_what_began_before_is_cut_at_the_ribbon_s_start() -> None:
    assert pieces((2 * LONG, Verdict.CONFORMING)) == [("conforming", 0.0, 1000.0)]


def test_the_same_verdict_again_is_one_piece() -> None:
    found = pieces((18 * DAY, Verdict.CONFORMING), (9 * DAY, Verdict.CONFORMING))

    assert found == [("conforming", 800.0, 200.0)]


def test_a_change_of_this_moment_has_no_piece_yet() -> None:
    assert pieces((9 * DAY, Verdict.CONFORMING), (0 * DAY, Verdict.DEVIATING)) == [
        ("conforming", 900.0, 100.0)
    ]
