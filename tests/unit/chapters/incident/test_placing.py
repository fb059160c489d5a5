"""Which alerts are an incident, which join one, and how much fails."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.chapters.incident.declaring.rules import (
    OpenIncident,
    Placer,
    PlacingReason,
    PlacingTerms,
    SeenAlert,
    candidates,
    detected_at,
    in_turn,
    proposal_of,
    proposed,
)
from toban.design.clauses.incident import IncidentScope
from toban.design.values.metric import Metric
from toban.design.values.severity import AlertLevel
from toban.engine.notify.routing.muting import Causes
from toban.engine.notify.signal import UNREACHABLE, WHOLE_TARGET, Condition
from toban.engine.spans import Span
from toban.message import plain

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TERMS = PlacingTerms(AlertLevel.CRITICAL, 30 * MINUTE)


def alert(
    item: str = Metric.CPU_USAGE,
    condition: Condition = Condition.CRITICAL,
    target: str = "Web",
    *,
    number: int = 1,
    at: datetime = NOON,
    **labels: str,
) -> SeenAlert:
    known = {"target": target, "item": str(item), "instance": "1", **labels}
    return SeenAlert(
        number, f"{target}/{item}/{number}", "row", plain(target), condition, at, at, None, known
    )


def incident(number: int = 7, at: datetime = NOON, **more: Any) -> OpenIncident:
    return replace(OpenIncident(number, frozenset({"Web"}), at, at), **more)


def placed(
    one: SeenAlert,
    incidents: Sequence[OpenIncident] = (),
    *,
    others: Sequence[SeenAlert] = (),
    holds: Sequence[Span] = (),
    terms: PlacingTerms = TERMS,
    now: datetime = NOON + HOUR,
) -> PlacingReason:
    causes = Causes([each.trouble for each in (one, *others)])
    return Placer(incidents, causes, lambda _each: holds, terms, now).place(one)[0]


WHOLE: Any = {WHOLE_TARGET: "yes"}
AWAY: Any = {UNREACHABLE: "yes"}


@pytest.mark.parametrize(
    ("item", "condition", "labels", "scope"),
    [
        (Metric.UP, Condition.CRITICAL, WHOLE, IncidentScope.EVERYTHING),
        (Metric.UP, Condition.CRITICAL, {}, IncidentScope.PART),
        (Metric.CPU_USAGE, Condition.NO_DATA, AWAY, IncidentScope.EVERYTHING),
        (Metric.CPU_USAGE, Condition.NO_DATA, WHOLE, IncidentScope.SLIGHT),
        (Metric.ERROR_RATE, Condition.CRITICAL, WHOLE, IncidentScope.MAIN),
        (Metric.RESPONSE_TIME, Condition.CRITICAL, WHOLE, IncidentScope.MAIN),
        (Metric.ERROR_RATE, Condition.CRITICAL, {}, IncidentScope.PART),
        (Metric.ERROR_RATE, Condition.WARNING, WHOLE, IncidentScope.SLIGHT),
        (Metric.DISK_USAGE, Condition.CRITICAL, WHOLE, IncidentScope.PART),
        ("level", Condition.CRITICAL, {}, IncidentScope.PART),
        ("Checkout", Condition.CRITICAL, {"sender": "prometheus"}, IncidentScope.PART),
        ("バックアップ", Condition.CRITICAL, {}, IncidentScope.SLIGHT),
    ],
)
def test_how_much_fails_follows_from_what_is_known(
    item: str, condition: Condition, labels: Any, scope: IncidentScope
) -> None:
    assert proposed(alert(item, condition, **labels)).scope is scope


def test_the_worst_of_several_alerts_decides() -> None:
    found = proposal_of([alert(), alert(Metric.UP, **WHOLE), alert(Metric.ERROR_RATE, **WHOLE)])

    assert found is not None
    assert found.scope is IncidentScope.EVERYTHING
    assert proposal_of([]) is None


def test_a_critical_alert_is_a_new_incident() -> None:
    assert placed(alert()) is PlacingReason.NEW


def test_a_batch_that_fails_is_one_too() -> None:
    assert placed(alert(target="", batch="B001")) is PlacingReason.NEW


@pytest.mark.parametrize(
    "one",
    [
        alert(target=""),
        alert(condition=Condition.INFO),
        alert(event="x"),
    ],
)
def test_what_is_no_trouble_is_no_part_of_any_incident(one: SeenAlert) -> None:
    assert placed(one, [incident()]) is PlacingReason.NO_TROUBLE


@pytest.mark.parametrize(
    ("condition", "reason"),
    [(Condition.WARNING, PlacingReason.SAME_TARGET), (Condition.CRITICAL, PlacingReason.SAME_TARGET)],
)
def test_trouble_of_the_same_target_joins_whatever_its_level(
    condition: Condition, reason: PlacingReason
) -> None:
    one = alert(condition=condition, at=NOON + 50 * MINUTE)

    assert placed(one, [incident()]) is reason


@pytest.mark.parametrize(
    ("before", "reason"), [(30, PlacingReason.SAME_TARGET), (31, PlacingReason.NOT_GRAVE)]
)
def test_a_warning_that_was_there_long_before_is_something_else(before: int, reason: PlacingReason) -> None:
    one = alert(condition=Condition.WARNING, at=NOON - before * MINUTE)

    assert placed(one, [incident()]) is reason


@pytest.mark.parametrize(("after", "reason"), [(30, PlacingReason.SOON_AFTER), (31, PlacingReason.NEW)])
def test_other_trouble_joins_if_it_comes_soon_after_the_newest(after: int, reason: PlacingReason) -> None:
    one = alert(target="DB", at=NOON + after * MINUTE)

    assert placed(one, [incident()]) is reason


def test_a_warning_elsewhere_does_not_join() -> None:
    assert placed(alert(condition=Condition.WARNING, target="DB"), [incident()]) is PlacingReason.NOT_GRAVE


@pytest.mark.parametrize(("after", "reason"), [(30, PlacingReason.SAME_TARGET), (31, PlacingReason.NEW)])
def test_what_comes_back_soon_after_the_recovery_is_the_same(after: int, reason: PlacingReason) -> None:
    over = incident(recovered_at=NOON + MINUTE)
    one = alert(at=NOON + (after + 1) * MINUTE)

    assert placed(one, [over]) is reason


def test_what_is_caused_by_another_joins_it_or_is_nothing() -> None:
    terms = replace(TERMS, runs_on={"Web": "DB"})
    cause = alert(Metric.UP, target="DB", number=2, **WHOLE)
    of_cause = incident(targets=frozenset({"DB"}))

    assert placed(alert(), [of_cause], others=[cause], terms=terms) is PlacingReason.BY_CAUSE
    assert placed(alert(), others=[cause], terms=terms) is PlacingReason.CAUSED


def test_the_cause_is_placed_first() -> None:
    effect, cause = alert(number=1), alert(Metric.UP, number=2, at=NOON + MINUTE, **WHOLE)

    assert in_turn([effect, cause]) == [cause, effect]


def test_warnings_elsewhere_are_looked_at_no_further() -> None:
    mild = [alert(condition=Condition.WARNING, target=target) for target in ("Web", "API", "DB")]
    grave = alert(target="DB", number=2)

    def targets(alerts: Sequence[SeenAlert], incidents: Sequence[OpenIncident], **runs_on: str) -> set[str]:
        return {each.about for each in candidates(alerts, incidents, replace(TERMS, runs_on=runs_on))}

    assert targets(mild, []) == set()
    assert targets(mild, [incident()]) == {"Web"}
    assert targets(mild, [incident()], API="Web") == {"Web", "API"}
    assert targets([*mild, grave], []) == {"DB"}


def test_two_that_come_together_are_one_incident() -> None:
    first, second = alert(number=1), alert(target="DB", number=2)
    placer = Placer([], Causes([]), lambda _each: (), TERMS, NOON + HOUR)

    found = [placer.place(each)[1] for each in (first, second)]

    assert [each.incident for each in found if each is not None] == [-1, -1]


def test_an_alert_that_ended_within_a_hold_was_none() -> None:
    one = replace(alert(), resolved_at=NOON + MINUTE)

    assert placed(one, holds=[(NOON - HOUR, NOON + MINUTE)]) is PlacingReason.HELD
    assert placed(one, holds=[(NOON - HOUR, NOON + MINUTE / 2)]) is PlacingReason.NEW


@given(
    st.lists(
        st.tuples(st.integers(-100, 100), st.integers(1, 60)).map(
            lambda each: (NOON + each[0] * MINUTE, NOON + (each[0] + each[1]) * MINUTE)
        ),
        max_size=8,
    )
)
def test_an_alert_counts_from_a_moment_at_which_nothing_holds_it(holds: list[Span]) -> None:
    at = detected_at(alert(), holds)

    assert at >= NOON
    assert not any(start <= at < end for start, end in holds)
