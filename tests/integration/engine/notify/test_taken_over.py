"""Data on notifications written by an older Toban can be read by this one."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from toban.engine.notify.models import Alert, Delivery, StageOutcome

NOON = datetime(2026, 4, 11, 12, tzinfo=UTC)
BEFORE, NOW = ("notify", "0008_one_worker_sends"), ("notify", "0009_recipients_as_lists")


def state(target: tuple[str, str]) -> Any:
    """Migrate the tables to *target*, and return the models of that state."""
    executor = MigrationExecutor(connection)
    executor.migrate([target])
    return executor.loader.project_state([target]).apps


@pytest.mark.django_db(transaction=True)
def test_recipients_stored_as_one_text_are_migrated_to_lists() -> None:
    old = state(BEFORE)
    alert = old.get_model("notify", "Alert").objects.create(
        key="handover", clause_id="duty", citation="運用設計書.md:9", clause_text="当番",
        subject="当番の交代",
        condition="info", value="上原 から 伊波 へ", labels={"item": "duty", "people": "上原、伊波"},
        began_at=NOON, opened_at=NOON, changed_at=NOON,
    )  # fmt: skip
    announcement = old.get_model("notify", "Announcement").objects.create(
        alert=alert, kind="firing", condition="info", level="info", title="当番の交代", facts=[], at=NOON
    )
    for number, (address, recipient) in enumerate([("U01 U02", "上原、伊波"), ("", "Slack#ops")]):
        old.get_model("notify", "Delivery").objects.create(
            announcement=announcement, key=str(number), destination="slack", channel="slack", address=address,
            recipient=recipient, rule_id="rule", rule_citation="運用設計書.md:12", created_at=NOON,
            next_at=NOON,
        )  # fmt: skip
    for recipient in ("運用責任者", ""):
        old.get_model("notify", "StageOutcome").objects.create(
            alert=alert, at=NOON, condition="info", recipient=recipient, passed=False, stage="route",
            reason="unbound-role", trail=[],
        )  # fmt: skip

    state(NOW)

    assert (Alert.objects.get().people, Alert.objects.get().labels) == (["上原", "伊波"], {"item": "duty"})
    sent = Delivery.objects.order_by("key").values_list("addresses", "recipients")
    assert list(sent) == [(["U01", "U02"], ["上原", "伊波"]), ([], ["Slack#ops"])]
    judged = StageOutcome.objects.order_by("pk").values_list("recipients", flat=True)
    assert list(judged) == [["運用責任者"], []]
