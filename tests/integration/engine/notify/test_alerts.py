from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from toban.engine.notify.alerts import report
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition, Signal

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)

type MakeSignal = Callable[..., Signal]


def test_a_problem_opens_an_alert_with_breach_and_detection_times(signal: MakeSignal) -> None:
    report([signal(Condition.WARNING, NOON)], LATER)

    alert = Alert.objects.get()
    assert (alert.condition, str(alert.value), str(alert.limit)) == ("warning", "92%", "異常 85%以上")
    assert (alert.began_at, alert.opened_at, alert.resolved_at) == (NOON, NOON, None)


def test_reporting_the_same_again_costs_one_read_and_no_write(signal: MakeSignal) -> None:
    report([signal(Condition.WARNING)], NOON)

    with CaptureQueriesContext(connection) as queries:
        report([signal(Condition.WARNING)], LATER)

    assert [query["sql"].split()[0] for query in queries] == ["SELECT"]
    assert Alert.objects.count() == 1


def test_warning_becomes_critical_within_the_same_alert(signal: MakeSignal) -> None:
    report([signal(Condition.WARNING, NOON, "75%")], NOON)
    report([signal(Condition.CRITICAL, LATER, "92%")], LATER)

    alert = Alert.objects.get()
    assert (alert.condition, str(alert.value)) == ("critical", "92%")
    assert (alert.began_at, alert.opened_at, alert.changed_at) == (NOON, NOON, LATER)


def test_a_new_value_is_stored(signal: MakeSignal) -> None:
    report([signal(Condition.WARNING, value="75%")], NOON)
    report([signal(Condition.WARNING, value="76%")], LATER)

    assert str(Alert.objects.get().value) == "76%"


def test_ok_resolves_the_alert_and_keeps_its_last_condition(signal: MakeSignal) -> None:
    report([signal(Condition.CRITICAL)], NOON)
    report([signal(Condition.OK, LATER, "41%")], LATER)

    alert = Alert.objects.get()
    assert (alert.condition, str(alert.value), alert.resolved_at) == ("critical", "41%", LATER)
    assert str(alert.limit) == "異常 85%以上"


def test_missing_data_resolves_nothing_and_is_a_separate_alert(signal: MakeSignal) -> None:
    report([signal(Condition.CRITICAL)], NOON)
    report([signal(Condition.NO_DATA, LATER, "接続できません")], LATER)

    still_open = Alert.objects.filter(resolved_at=None).order_by("id")
    assert [alert.condition for alert in still_open] == ["critical", "no-data"]
    assert str(still_open[0].value) == "92%"


def test_returning_data_resolves_the_missing_data_alert_whatever_its_value(signal: MakeSignal) -> None:
    report([signal(Condition.NO_DATA)], NOON)
    report([signal(Condition.CRITICAL, LATER)], LATER)

    assert Alert.objects.get(condition="no-data").resolved_at == LATER
    assert Alert.objects.get(condition="critical").resolved_at is None


def test_a_new_problem_after_a_recovery_is_a_new_alert(signal: MakeSignal) -> None:
    for condition in (Condition.WARNING, Condition.OK, Condition.WARNING):
        report([signal(condition, LATER)], LATER)

    assert [alert.resolved_at for alert in Alert.objects.order_by("id")] == [LATER, None]


def test_ok_without_an_open_alert_writes_nothing(signal: MakeSignal) -> None:
    report([signal(Condition.OK)], NOON)

    assert not Alert.objects.exists()


def test_a_thousand_signals_are_processed_together(signal: MakeSignal) -> None:
    signals = [signal(Condition.WARNING, key=f"key {number}") for number in range(1000)]

    report(signals, NOON)
    report([signal(Condition.OK, key=each.key) for each in signals], LATER)

    assert Alert.objects.filter(resolved_at=LATER).count() == 1000
