"""Data on notifications written by an older Toban can be read by this one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from toban.engine.notify.models import Alert, AnnouncedAlert, Delivery, StageOutcome
from toban.engine.notify.reason import NoticeReason
from toban.message import NOTHING, plain

NOON = datetime(2026, 4, 11, 12, tzinfo=UTC)
BEFORE, NOW = ("notify", "0008_one_worker_sends"), ("notify", "0009_recipients_as_lists")
MESSAGES, TIMING = ("notify", "0011_heard_at"), ("notify", "0012_timing")


@pytest.fixture(autouse=True)
def _newest_tables(transactional_db: None) -> Iterator[None]:
    """Leave the tables as later tests need them."""
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("notify"))


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
    state(MESSAGES)

    assert (Alert.objects.get().people, Alert.objects.get().labels) == (["上原", "伊波"], {"item": "duty"})
    sent = Delivery.objects.order_by("key").values_list("addresses", "recipients")
    assert list(sent) == [(["U01", "U02"], ["上原", "伊波"]), ([], ["Slack#ops"])]
    judged = StageOutcome.objects.order_by("pk").values_list("recipients", flat=True)
    assert list(judged) == [["運用責任者"], []]


@pytest.mark.django_db(transaction=True)
def test_texts_become_plain_messages_and_bare_reasons_their_codes() -> None:
    old = state(NOW)
    alert = old.get_model("notify", "Alert").objects.create(
        key="a", clause_id="c", citation="d:1", clause_text="x", subject="DB", condition="critical",
        value="92%", limit="85%以上", advice="", began_at=NOON, opened_at=NOON, changed_at=NOON,
    )  # fmt: skip
    announcement = old.get_model("notify", "Announcement").objects.create(
        alert=alert, kind="firing", condition="critical", level="critical", title="■ 異常: DB 92%",
        facts=[["測定値", "92%"]], at=NOON,
    )  # fmt: skip
    old.get_model("notify", "Delivery").objects.create(
        announcement=announcement, key="1", destination="slack", channel="slack", rule_id="rule",
        rule_citation="d:9 (仮定)", created_at=NOON, next_at=NOON, error="Slack: 503",
    )  # fmt: skip
    for reason, detail in (("steady", "フラッピングしていません"), ("silenced", "ミュート中です (nami)")):
        old.get_model("notify", "StageOutcome").objects.create(
            alert=alert, at=NOON, condition="critical", passed=False, stage="x", reason=reason, detail=detail,
            trail=[],
        )  # fmt: skip

    state(MESSAGES)

    found, sent = Alert.objects.get(), Delivery.objects.get()
    assert (found.subject, found.value, found.advice) == (plain("DB"), plain("92%"), NOTHING)
    assert (sent.error, sent.rule_citation) == (plain("Slack: 503"), plain("d:9 (仮定)"))
    assert sent.language == "ja"
    assert sent.announcement.title == plain("■ 異常: DB 92%")
    assert sent.announcement.told == ((plain("測定値"), plain("92%")),)
    bare, detailed = StageOutcome.objects.order_by("pk")
    assert (bare.detail, detailed.detail) == (NoticeReason.STEADY.said, plain("ミュート中です (nami)"))


@pytest.mark.django_db(transaction=True)
def test_the_alerts_of_a_former_announcement_have_its_kind_and_condition() -> None:
    old = state(MESSAGES)
    alerts = [
        old.get_model("notify", "Alert").objects.create(
            key=key, clause_id="c", citation="d:1", clause_text="x", subject=plain(key),
            condition="critical", value=plain("92%"), limit=NOTHING, advice=NOTHING, began_at=NOON,
            opened_at=NOON, changed_at=NOON,
        )
        for key in ("a", "b")
    ]  # fmt: skip
    announcement = old.get_model("notify", "Announcement").objects.create(
        alert=alerts[0], kind="no-data", condition="warning", level="warning", title=plain("?"), facts=[],
        at=NOON,
    )  # fmt: skip
    announcement.alerts.set(alerts)

    state(TIMING)

    said = AnnouncedAlert.objects.order_by("alert").values_list("alert", "kind", "condition")
    assert list(said) == [(each.pk, "no-data", "warning") for each in alerts]
