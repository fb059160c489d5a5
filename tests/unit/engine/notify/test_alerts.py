from datetime import UTC, datetime

import pytest

from toban.engine.notify.alerts import AlertChange, Facet, facets, step
from toban.engine.notify.signal import Condition, Signal
from toban.message import plain

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


def signal(condition: Condition) -> Signal:
    return Signal(
        key="db",
        clause_id="monitoring/monitor/db",
        citation="運用設計書.md:34",
        clause_text="DB | CPU使用率",
        condition=condition,
        subject=plain("DB CPU使用率"),
        value=plain("92%"),
        limit=plain("異常 85%以上"),
        began_at=NOON,
        detected_at=NOON,
    )


def test_missing_data_says_nothing_about_the_value() -> None:
    assert facets(signal(Condition.NO_DATA)) == (Facet("db", None), Facet("db/no-data", Condition.NO_DATA))


@pytest.mark.parametrize("condition", [Condition.OK, Condition.WARNING, Condition.CRITICAL])
def test_any_value_resolves_missing_data(condition: Condition) -> None:
    assert facets(signal(condition)) == (Facet("db", condition), Facet("db/no-data", Condition.OK))


@pytest.mark.parametrize(
    ("open_condition", "reported", "expected"),
    [
        (None, Condition.OK, AlertChange.NOTHING),
        (None, Condition.WARNING, AlertChange.OPEN),
        (None, None, AlertChange.NOTHING),
        (Condition.WARNING, Condition.WARNING, AlertChange.KEEP),
        (Condition.WARNING, Condition.CRITICAL, AlertChange.CHANGE),
        (Condition.CRITICAL, Condition.WARNING, AlertChange.CHANGE),
        (Condition.CRITICAL, Condition.OK, AlertChange.RESOLVE),
        (Condition.CRITICAL, None, AlertChange.NOTHING),
    ],
)
def test_the_effect_of_a_report_depends_on_the_open_condition(
    open_condition: Condition | None, reported: Condition | None, expected: AlertChange
) -> None:
    assert step(open_condition, reported) is expected
