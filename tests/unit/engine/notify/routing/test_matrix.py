from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from toban.design.clauses.notices import NotificationRule
from toban.design.clauses.objectives import MaintenanceWindow
from toban.design.reader import read_design
from toban.engine.bindings.model import System
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.models import Announcement, Delivery
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.routing.matrix import maintenance, status_of
from toban.engine.notify.routing.routing import routing_of
from toban.message import plain

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
TEXT = """# 運用設計書

## 2. 監視

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | {} | Slack | 即時 |
"""


def judged(contacts: Contacts, last: Delivery | None, recipients: str = "運用責任者") -> StatusUpdate:
    (rule,) = read_design(TEXT.format(recipients), "運用設計書.md").of(NotificationRule)
    return status_of(rule, routing_of([rule], contacts), last, contacts=contacts, now=NOON)


def delivery(state: Delivery.State, *, error: str = "", attempts: int = 1) -> Delivery:
    return Delivery(
        announcement=Announcement(title=plain("■ 異常: DB 92%")),
        key="k",
        channel="slack",
        state=state,
        settled_at=NOON,
        created_at=NOON,
        attempts=attempts,
        error=plain(error),
        receipt="ok",
    )


def test_a_row_that_was_never_used_had_no_occasion(contacts: Contacts) -> None:
    status = judged(contacts, None)

    assert (status.verdict, str(status.value)) == (Verdict.NOT_DUE, "1/1 経路")


def test_a_row_conforms_by_its_last_receipt(contacts: Contacts) -> None:
    status = judged(contacts, delivery(Delivery.State.DELIVERED))

    assert status.verdict is Verdict.CONFORMING
    assert str(status.reason) == "2026-04-01 21:00:00 に slack が受け取りました: ■ 異常: DB 92%"
    assert status.reason.in_language("en") == "Delivered to slack at 2026-04-01 21:00:00: ■ 異常: DB 92%"
    assert status.proof == {"delivery": "k", "channel": "slack", "receipt": "ok"}


def test_a_row_whose_notice_was_not_delivered_deviates_and_says_why(contacts: Contacts) -> None:
    status = judged(contacts, delivery(Delivery.State.FAILED, error="Slack: 404 no_service"))

    assert status.verdict is Verdict.DEVIATING
    assert str(status.reason) == "slack に届きませんでした: Slack: 404 no_service"


def test_a_row_whose_notice_is_retried_warns(contacts: Contacts) -> None:
    status = judged(contacts, delivery(Delivery.State.WAITING, error="Slack: 503", attempts=3))

    assert status.verdict is Verdict.WARNING
    assert "3回失敗" in str(status.reason)


@pytest.mark.parametrize("last", [None, delivery(Delivery.State.DELIVERED)])
def test_an_unreachable_recipient_makes_the_row_unbound_despite_other_deliveries(
    contacts: Contacts, last: Delivery | None
) -> None:
    status = judged(contacts, last, "運用責任者、当直")

    assert (status.verdict, str(status.value)) == (Verdict.UNBOUND, "1/2 経路")
    assert '[people."当直"]' in str(status.reason)


def test_a_maintenance_window_holds_notices_and_names_its_next_start() -> None:
    text = "# 運用設計書\n## 1. 運用方針\n### サービス提供時間\n- メンテナンス: 毎月第2日曜日 2:00-4:00\n"
    (window,) = read_design(text, "運用設計書.md").of(MaintenanceWindow)

    (update,) = maintenance([window], System(), NOON)

    assert (update.clause_id, update.verdict) == (window.id, Verdict.CONFORMING)
    assert update.next_due == datetime(2026, 4, 12, 2, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
