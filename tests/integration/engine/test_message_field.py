"""Messages in the state database."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count

from toban.engine.evidence.models import ClauseStatus
from toban.message import NOTHING, Message, plain

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
TWO_HOURS = Message("common.hours", count=2)


def status(clause_id: str, reason: Message | str) -> ClauseStatus:
    return ClauseStatus(
        clause_id=clause_id, verdict="conforming", since=NOON, value=plain("42%"), reason=reason, revision=1
    )


def test_a_message_is_read_back_as_it_was_saved() -> None:
    reason = Message("common.sentences", first=TWO_HOURS, then=Message("common.list", parts=("a", NOON)))
    status("db", reason).save()

    assert ClauseStatus.objects.get().reason == reason
    assert ClauseStatus.objects.values_list("reason", flat=True).get() == reason


def test_rows_are_filtered_and_counted_by_the_code_of_their_message() -> None:
    ClauseStatus.objects.bulk_create(
        [status("a", TWO_HOURS), status("b", Message("common.hours", count=5)), status("c", NOTHING)]
    )

    assert list(ClauseStatus.objects.filter(reason__code="common.hours").values_list("pk", flat=True)) == [
        "a",
        "b",
    ]
    assert ClauseStatus.objects.get(reason__values__count=5).pk == "b"
    assert ClauseStatus.objects.get(reason__code="").pk == "c"
    counted = ClauseStatus.objects.values("reason__code").annotate(count=Count("pk")).order_by("-count")
    assert list(counted) == [
        {"reason__code": "common.hours", "count": 2},
        {"reason__code": "", "count": 1},
    ]


def test_an_update_stores_a_message_too() -> None:
    status("db", NOTHING).save()
    ClauseStatus.objects.update(reason=TWO_HOURS)

    assert ClauseStatus.objects.get().reason == TWO_HOURS


def test_characters_that_postgresql_refuses_are_replaced() -> None:
    status("db", Message("common.list", parts=("a\0b", plain("c\0")))).save()

    assert ClauseStatus.objects.get().reason == Message("common.list", parts=("a�b", plain("c�")))


@pytest.mark.django_db(transaction=True)
def test_texts_of_an_older_toban_become_plain_messages() -> None:
    executor = MigrationExecutor(connection)
    before = [("evidence", "0005_shipment_parts")]
    executor.migrate(before)
    old = executor.loader.project_state(before).apps.get_model("evidence", "ClauseStatus")
    texts = {"empty": "", "said": "値が届いていません"}
    for clause_id, text in texts.items():
        old.objects.create(
            clause_id=clause_id, verdict="warning", since=NOON, value="1%", reason=text, revision=1
        )

    again = MigrationExecutor(connection)
    again.migrate(again.loader.graph.leaf_nodes())

    found = ClauseStatus.objects.order_by("clause_id")
    assert [(each.value, each.reason) for each in found] == [
        (plain("1%"), NOTHING),
        (plain("1%"), plain("値が届いていません")),
    ]
