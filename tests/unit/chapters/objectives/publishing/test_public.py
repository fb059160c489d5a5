"""What is published, decided on values."""

from datetime import UTC, date, datetime, timedelta

import pytest

from toban.chapters.objectives.bindings import StatusBinding
from toban.chapters.objectives.publishing.public import (
    Board,
    DayKind,
    Spell,
    State,
    Window,
    board,
    indicators,
    state_of,
    windows,
)
from toban.chapters.objectives.rules import Tally

NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STATUS = StatusBinding.model_validate(
    {"title": "稼働状況", "services": [{"name": "店", "target": "API"}, {"name": "決済", "target": "DB"}]}
)


def spell(service: str, state: State, began: datetime, ended: datetime | None = None) -> Spell:
    return Spell(service, state, began, ended, ended or NOON)


def made(*spells: Spell, days: dict[str, dict[date, Tally]] | None = None, now: datetime = NOON) -> Board:
    nothing: dict[str, dict[date, Tally]] = {"店": {}, "決済": {}}
    return board(STATUS, spells, nothing | (days or {}), [], today=NOON.date(), now=now)


@pytest.mark.parametrize(
    ("up", "has_critical", "is_planned", "expected"),
    [
        (1.0, False, False, State.OPERATIONAL),
        (0.99, False, False, State.OPERATIONAL),
        (0.98, False, False, State.DEGRADED),
        (1.0, True, False, State.DEGRADED),
        (0.02, False, False, State.DEGRADED),
        (0.01, True, False, State.DOWN),
        (0.0, False, False, State.DOWN),
        (None, False, False, State.UNKNOWN),
        (None, True, False, State.UNKNOWN),
        (0.0, True, True, State.MAINTENANCE),
        (None, False, True, State.MAINTENANCE),
    ],
)
def test_the_state_of_a_service_depends_on_up_alerts_and_maintenance(
    up: float | None, has_critical: bool, is_planned: bool, expected: State
) -> None:
    assert state_of(up, has_critical=has_critical, is_planned=is_planned) is expected


def test_the_worst_service_determines_the_overall_state() -> None:
    shown = made(spell("店", State.OPERATIONAL, NOON - DAY), spell("決済", State.DOWN, NOON - HOUR))

    assert [each.state for each in shown.services] == [State.OPERATIONAL, State.DOWN]
    assert shown.state is State.DOWN


def test_a_service_never_checked_is_unknown_and_so_is_the_overall_state() -> None:
    shown = made(spell("店", State.OPERATIONAL, NOON - DAY))

    assert shown.services[1].state is State.UNKNOWN
    assert shown.state is State.UNKNOWN


def test_a_service_not_checked_for_ten_minutes_is_unknown() -> None:
    spells = [spell(name, State.OPERATIONAL, NOON - DAY) for name in ("店", "決済")]

    assert made(*spells, now=NOON + 10 * MINUTE).state is State.OPERATIONAL
    assert made(*spells, now=NOON + 10 * MINUTE + timedelta(seconds=1)).state is State.UNKNOWN


@pytest.mark.parametrize(
    ("mean", "kind"),
    [
        (1.0, DayKind.GOOD),
        (0.999, DayKind.GOOD),
        (0.9989, DayKind.FAIR),
        (0.99, DayKind.FAIR),
        (0.98, DayKind.POOR),
    ],
)
def test_a_day_is_one_of_four_kinds(mean: float, kind: DayKind) -> None:
    shown = made(days={"店": {NOON.date(): Tally(86_400, 86_400 * mean)}})

    assert shown.services[0].days[-1].kind is kind


def test_ninety_days_are_shown_with_unknown_ones_marked() -> None:
    days = {NOON.date() - 89 * DAY: Tally(100, 100), NOON.date(): Tally(100, 99)}

    service = made(days={"店": days}).services[0]

    assert len(service.days) == 90
    assert [day.date for day in service.days if day.share is not None] == list(days)
    assert service.share == 99.5
    assert service.days[1].kind is DayKind.UNKNOWN


def test_a_planned_outage_does_not_affect_the_days() -> None:
    shown = made(days={"店": {NOON.date(): Tally(86_400, 79_200, 7200, 0)}})

    assert shown.services[0].days[-1].share == 100


def test_incidents_of_a_month_are_listed_newest_first_without_brief_ones() -> None:
    recent = spell("店", State.DOWN, NOON - 2 * DAY, NOON - 2 * DAY + HOUR)
    lasting = spell("決済", State.DEGRADED, NOON - MINUTE)
    spells = [
        recent,
        lasting,
        spell("店", State.DOWN, NOON - DAY, NOON - DAY + timedelta(seconds=59)),
        spell("店", State.DOWN, NOON - 40 * DAY, NOON - 30 * DAY),
        spell("店", State.MAINTENANCE, NOON - 3 * DAY, NOON - 3 * DAY + HOUR),
        spell("店", State.UNKNOWN, NOON - 4 * DAY, NOON - 4 * DAY + HOUR),
    ]

    assert made(*spells).troubles == (lasting, recent)


def test_maintenance_of_several_services_is_listed_once() -> None:
    whole, own = (NOON, NOON + HOUR), (NOON + DAY, NOON + DAY + HOUR)

    found = windows({"店": [whole], "決済": [whole, own]})

    assert found == [Window(("店", "決済"), *whole), Window(("決済",), *own)]


def test_nothing_is_measured_without_a_status_page() -> None:
    assert indicators(None) == []
    assert [(name, of.measured_by) for name, of in indicators(STATUS)] == [
        ("店", "up API"),
        ("決済", "up DB"),
    ]
