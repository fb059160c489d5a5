from dataclasses import replace
from typing import Any

import pytest

from toban.design.values.severity import AlertLevel
from toban.engine.notify.channels.pagerduty.payload import payload
from toban.engine.notify.delivery.notice import Notice, NoticeAbout, NoticeKind


def test_an_alert_triggers_with_every_field_the_vendor_documents(notice: Notice) -> None:
    assert payload(notice, "KEY") == {
        "routing_key": "KEY",
        "event_action": "trigger",
        "dedup_key": "alert-1",
        "client": "Toban",
        "client_url": "https://toban.example.com/alerts/1",
        "links": [{"href": "https://toban.example.com/alerts/1", "text": "Toban で見る"}],
        "payload": {
            "summary": "■ 異常: DB CPU使用率 92%",
            "source": "運用設計書.md:34",
            "severity": "critical",
            "timestamp": "2026-04-01T12:00:00+00:00",
            "class": "firing",
            "custom_details": {
                "測定値": "92%",
                "しきい値": "異常 85%以上",
                "行": "DB | CPU使用率 | 0-60% | 70% | 85% | 1分",
                "idempotency_key": "0a1b2c",
                "title_message": notice.messages.title.as_json(),
            },
        },
    }


def test_a_recovery_resolves_the_incident_that_the_alert_opened(notice: Notice) -> None:
    recovered = replace(notice, kind=NoticeKind.RECOVERED)

    assert payload(recovered, "KEY") == {
        "routing_key": "KEY",
        "event_action": "resolve",
        "dedup_key": "alert-1",
    }


@pytest.mark.parametrize(
    ("level", "severity"),
    [(AlertLevel.CRITICAL, "critical"), (AlertLevel.WARNING, "warning"), (AlertLevel.INFO, "info")],
)
def test_levels_are_mapped_to_the_vendors_severities(
    notice: Notice, level: AlertLevel, severity: str
) -> None:
    event = payload(replace(notice, level=level), "KEY")

    assert event["payload"]["severity"] == severity  # type: ignore[index]


def test_a_summary_is_cut_at_1024_characters(notice: Notice) -> None:
    event = payload(replace(notice, title="長" * 2000), "KEY")

    assert len(event["payload"]["summary"]) == 1024  # type: ignore[index]


def test_the_source_is_the_host_and_the_row_is_linked(notice: Notice, about: NoticeAbout) -> None:
    event: Any = payload(replace(notice, about=about), "KEY")

    assert (event["payload"]["source"], event["payload"]["component"]) == ("db-1", "DB")
    assert [link["href"] for link in event["links"]] == [
        "https://toban.example.com/alerts/1",
        "https://toban.example.com/clauses/monitor/db-cpu",
    ]
    details = event["payload"]["custom_details"]
    assert {name: details[name] for name in ("target", "instance", "metric", "value", "threshold")} == {
        "target": "DB",
        "instance": "db-1",
        "metric": "cpu_usage_percent",
        "value": "92%",
        "threshold": "異常 85%以上",
    }
    assert (details["row"], details["citation"]) == ("monitor/db-cpu", "運用設計書.md:34")


@pytest.mark.parametrize(
    ("about", "source"),
    [
        (NoticeAbout("monitor/db-cpu", target="DB"), "DB"),
        (NoticeAbout("matrix/critical"), "運用設計書.md:34"),
    ],
)
def test_without_a_host_the_source_is_the_target_or_the_row(
    notice: Notice, about: NoticeAbout, source: str
) -> None:
    event: Any = payload(replace(notice, about=about), "KEY")

    assert event["payload"]["source"] == source
