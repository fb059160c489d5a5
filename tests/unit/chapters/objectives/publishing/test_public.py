"""What is published, decided on values."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.chapters.objectives.bindings import StatusBinding
from toban.chapters.objectives.publishing.public import (
    DayKind,
    PublicMaintenance,
    ServiceState,
    Spell,
    StatusPage,
    board,
    indicators,
    state_of,
    windows,
)
from toban.chapters.objectives.rules import SliceTally

NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STATUS = StatusBinding.model_validate(
    {"title": "稼働状況", "services": [{"name": "店", "target": "API"}, {"name": "決済", "target": "DB"}]}
)


def spell(service: str, state: ServiceState, began: datetime, ended: datetime | None = None) -> Spell:
    return Spell(service, state, began, ended, ended or NOON)


def made(
    *spells: Spell, days: dict[str, dict[date, SliceTally]] | None = None, now: datetime = NOON
) -> StatusPage:
    nothing: dict[str, dict[date, SliceTally]] = {"店": {}, "決済": {}}
    return board(STATUS, spells, nothing | (days or {}), [], zone=ZoneInfo("UTC"), now=now)


@pytest.mark.parametrize(
    ("up", "has_critical", "is_planned", "expected"),
    [
        (1.0, False, False, ServiceState.OPERATIONAL),
        (0.99, False, False, ServiceState.OPERATIONAL),
        (0.98, False, False, ServiceState.DEGRADED),
        (1.0, True, False, ServiceState.DEGRADED),
        (0.02, False, False, ServiceState.DEGRADED),
        (0.01, True, False, ServiceState.DOWN),
        (0.0, False, False, ServiceState.DOWN),
        (None, False, False, ServiceState.UNKNOWN),
        (None, True, False, ServiceState.UNKNOWN),
        (0.0, True, True, ServiceState.MAINTENANCE),
        (None, False, True, ServiceState.MAINTENANCE),
    ],
)
def test_the_state_of_a_service_depends_on_up_alerts_and_maintenance(
    up: float | None, has_critical: bool, is_planned: bool, expected: ServiceState
) -> None:
    assert state_of(up, has_critical=has_critical, is_planned=is_planned) is expected


def test_the_worst_service_determines_the_overall_state() -> None:
    shown = made(
        spell("店", ServiceState.OPERATIONAL, NOON - DAY), spell("決済", ServiceState.DOWN, NOON - HOUR)
    )

    assert [each.state for each in shown.services] == [ServiceState.OPERATIONAL, ServiceState.DOWN]
    assert shown.state is ServiceState.DOWN


def test_a_service_never_checked_is_unknown_and_so_is_the_overall_state() -> None:
    shown = made(spell("店", ServiceState.OPERATIONAL, NOON - DAY))

    assert shown.services[1].state is ServiceState.UNKNOWN
    assert shown.state is ServiceState.UNKNOWN


def test_a_service_not_checked_for_ten_minutes_is_unknown() -> None:
    spells = [spell(name, ServiceState.OPERATIONAL, NOON - DAY) for name in ("店", "決済")]

    assert made(*spells, now=NOON + 10 * MINUTE).state is ServiceState.OPERATIONAL
    assert made(*spells, now=NOON + 10 * MINUTE + timedelta(seconds=1)).state is ServiceState.UNKNOWN


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
    shown = made(days={"店": {NOON.date(): SliceTally(86_400, 86_400 * mean)}})

    assert shown.services[0].days[-1].kind is kind


@pytest.mark.parametrize(
    ("known", "mean", "kind"),
    [
        (22.73, 1.0, DayKind.GOOD),
        (22.7, 1.0, DayKind.UNKNOWN),
        (0.1, 0.99, DayKind.UNKNOWN),
        (0.1, 0.5, DayKind.POOR),
    ],
)
def test_a_day_of_which_little_is_known_is_not_good(known: float, mean: float, kind: DayKind) -> None:
    yesterday = SliceTally(known * 3600, known * 3600 * mean)

    shown = made(days={"店": {NOON.date() - DAY: yesterday}})

    assert shown.services[0].days[-2].kind is kind


def test_ninety_days_are_shown_with_unknown_ones_marked() -> None:
    days = {NOON.date() - 89 * DAY: SliceTally(100, 100), NOON.date(): SliceTally(100, 99)}

    service = made(days={"店": days}).services[0]

    assert len(service.days) == 90
    assert [day.date for day in service.days if day.share is not None] == list(days)
    assert service.share == 99.5
    assert service.days[1].kind is DayKind.UNKNOWN


def test_a_planned_outage_does_not_affect_the_days() -> None:
    shown = made(days={"店": {NOON.date(): SliceTally(86_400, 79_200, 7200, 0)}})

    assert shown.services[0].days[-1].share == 100


def test_incidents_of_a_month_are_listed_newest_first_without_brief_ones() -> None:
    recent = spell("店", ServiceState.DOWN, NOON - 2 * DAY, NOON - 2 * DAY + HOUR)
    lasting = spell("決済", ServiceState.DEGRADED, NOON - MINUTE)
    spells = [
        recent,
        lasting,
        spell("店", ServiceState.DOWN, NOON - DAY, NOON - DAY + timedelta(seconds=59)),
        spell("店", ServiceState.DOWN, NOON - 40 * DAY, NOON - 30 * DAY),
        spell("店", ServiceState.MAINTENANCE, NOON - 3 * DAY, NOON - 3 * DAY + HOUR),
        spell("店", ServiceState.UNKNOWN, NOON - 4 * DAY, NOON - 4 * DAY + HOUR),
    ]

    assert made(*spells).troubles == (lasting, recent)


def test_maintenance_of_several_services_is_listed_once() -> None:
    whole, own = (NOON, NOON + HOUR), (NOON + DAY, NOON + DAY + HOUR)

    found = windows({"店": [whole], "決済": [whole, own]})

    assert found == [PublicMaintenance(("店", "決済"), *whole), PublicMaintenance(("決済",), *own)]


def test_nothing_is_measured_without_a_status_page() -> None:
    assert indicators(None) == []
    assert [(name, of.measured_by) for name, of in indicators(STATUS)] == [
        ("店", "up API"),
        ("決済", "up DB"),
    ]
