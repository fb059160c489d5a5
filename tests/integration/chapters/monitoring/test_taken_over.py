"""Alerts that were open when an early Toban was upgraded are about one thing, once, and end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from toban.chapters.monitoring.models import MonitorState
from toban.engine.notify import alerts
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition, Signal
from toban.message import NOTHING, Message, plain

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
ROW = "monitoring/monitor/web/cpu"
BEFORE, NOW = ("monitoring", "0004_windows"), ("monitoring", "0005_alerts_without_labels")


def migrate(target: tuple[str, str]) -> None:
    MigrationExecutor(connection).migrate([target])


@pytest.fixture(autouse=True)
def _older_state(transactional_db: None) -> Iterator[None]:
    migrate(BEFORE)
    yield
    migrate(NOW)


def opened(key: str, condition: str, **labels: str) -> Alert:
    return Alert.objects.create(
        key=key, clause_id=ROW, citation="d:1", clause_text="x", subject=plain("web"), condition=condition,
        value=plain("92%"), limit=NOTHING, advice=NOTHING, labels=labels, began_at=NOON, opened_at=NOON,
        changed_at=NOON,
    )  # fmt: skip


def known(instance: str, condition: str) -> None:
    MonitorState.objects.create(
        clause_id=ROW, instance=instance, condition=condition, began_at=NOON, reason="measured"
    )


def signal(instance: str, condition: Condition) -> Signal:
    return Signal(
        key=f"{ROW}/{instance}", clause_id=ROW, citation="d:1", clause_text="x", condition=condition,
        subject=plain("web"), value=plain("20%"), limit=NOTHING, began_at=NOON,
        detected_at=NOON + timedelta(minutes=1), advice=NOTHING, labels={"instance": instance},
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("condition", [Condition.CRITICAL, Condition.NO_DATA])
def test_an_alert_of_a_row_goes_on_as_that_of_its_instance_and_ends(condition: Condition) -> None:
    rest = "/no-data" if condition is Condition.NO_DATA else ""
    known("web-1", "ok")
    known("web-2", condition)
    former = opened(f"{ROW}{rest}", condition)

    migrate(NOW)
    alerts.report([signal("web-2", condition)], NOON + timedelta(minutes=1))

    assert [(each.pk, each.key) for each in Alert.objects.filter(resolved_at=None)] == [
        (former.pk, f"{ROW}/web-2{rest}")
    ]

    alerts.report([signal("web-2", Condition.OK)], NOON + timedelta(minutes=2))

    assert not Alert.objects.filter(resolved_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_an_alert_of_a_row_whose_instance_has_one_already_ends_with_its_reason() -> None:
    known("web-2", "critical")
    former, present = opened(ROW, "critical"), opened(f"{ROW}/web-2", "critical", instance="web-2")

    migrate(NOW)

    assert list(Alert.objects.filter(resolved_at=None)) == [present]
    former.refresh_from_db()
    assert former.value == Message("monitoring.alerts-are-by-instance")
    assert not former.settled


@pytest.mark.django_db(transaction=True)
def test_an_alert_of_a_row_that_knows_no_instance_ends() -> None:
    opened(ROW, "warning")

    migrate(NOW)

    assert not Alert.objects.filter(resolved_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_other_alerts_stay_as_they_are() -> None:
    one = opened(f"{ROW}/web-1", "critical", instance="web-1")
    other = opened("runs/report/overdue", "critical")

    migrate(NOW)

    assert list(Alert.objects.filter(resolved_at=None).order_by("pk")) == [one, other]
