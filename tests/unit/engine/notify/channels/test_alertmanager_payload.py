from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from toban.design.values.severity import AlertLevel
from toban.engine.notify.channels.alertmanager.payload import payload
from toban.engine.notify.delivery.notice import Notice, NoticeAbout, NoticeKind
from toban.message import plain

IDENTITY = ("fingerprint", "startsAt")


def test_an_alert_has_every_field_of_version_4(notice: Notice) -> None:
    group = {"alertname": "DB CPU使用率", "incident": "alert-1"}
    labels = {**group, "severity": "critical"}
    annotations = {
        "summary": "■ 異常: DB CPU使用率 92%",
        "description": "測定値: 92%\nしきい値: 異常 85%以上",
        "kind": "firing",
        "language": "ja",
        "message": '{"code": "common.text", "values": {"text": "■ 異常: DB CPU使用率 92%"}}',
        "citation": "運用設計書.md:34",
        "clause": "DB | CPU使用率 | 0-60% | 70% | 85% | 1分",
    }

    written = payload(replace(notice, url="https://toban.example.com/alerts/12"), "on-call")

    assert written == {
        "version": "4",
        "groupKey": '{}:{alertname="DB CPU使用率", incident="alert-1"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "on-call",
        "groupLabels": group,
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "https://toban.example.com",
        "alerts": [
            {
                "status": "firing",
                "labels": labels,
                "annotations": annotations,
                "startsAt": "2026-04-01T11:59:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "https://toban.example.com/alerts/12",
                "fingerprint": "682dc44f5fe34328",
            }
        ],
    }


def test_a_resolved_notice_ends_the_alert_that_fired(notice: Notice) -> None:
    fired: Any = payload(notice, "toban")
    ended_at = datetime(2026, 4, 1, 12, 5, tzinfo=UTC)
    recovered = replace(notice, kind=NoticeKind.RECOVERED, ended_at=ended_at)

    resolved: Any = payload(recovered, "toban")

    assert (resolved["status"], resolved["alerts"][0]["status"]) == ("resolved", "resolved")
    assert resolved["alerts"][0]["endsAt"] == "2026-04-01T12:05:00Z"
    assert resolved["groupKey"] == fired["groupKey"]
    assert [resolved["alerts"][0][key] for key in IDENTITY] == [fired["alerts"][0][key] for key in IDENTITY]


def test_a_warning_that_becomes_critical_remains_the_same_alert(notice: Notice) -> None:
    warning: Any = payload(replace(notice, level=AlertLevel.WARNING), "toban")
    critical: Any = payload(notice, "toban")

    assert [one["commonLabels"]["severity"] for one in (warning, critical)] == ["warning", "critical"]
    assert warning["groupKey"] == critical["groupKey"]
    assert [warning["alerts"][0][key] for key in IDENTITY] == [critical["alerts"][0][key] for key in IDENTITY]


def test_two_alerts_about_one_subject_are_distinguished(notice: Notice) -> None:
    one: Any = payload(notice, "toban")
    other: Any = payload(replace(notice, alert_key="alert-2"), "toban")

    assert one["alerts"][0]["fingerprint"] != other["alerts"][0]["fingerprint"]
    assert one["groupKey"] != other["groupKey"]


def test_missing_data_fires_and_is_labelled_as_such(notice: Notice) -> None:
    written: Any = payload(replace(notice, kind=NoticeKind.NO_DATA), "toban")

    assert written["status"] == "firing"
    assert written["commonAnnotations"]["kind"] == "no-data"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("", ""),
        ("https://ops.example.com/toban/alerts/12", "https://ops.example.com/toban"),
    ],
)
def test_the_server_is_named_if_it_has_a_public_url(notice: Notice, url: str, server: str) -> None:
    assert payload(replace(notice, url=url), "toban")["externalURL"] == server


def test_a_quote_in_a_subject_does_not_end_its_label(notice: Notice) -> None:
    written = payload(replace(notice, subject='the "main" DB'), "toban")

    assert written["groupKey"] == r'{}:{alertname="the \"main\" DB", incident="alert-1"}'


def test_labels_say_what_it_is_about_and_annotations_what_was_measured(
    notice: Notice, about: NoticeAbout
) -> None:
    written: Any = payload(replace(notice, about=about), "toban")
    (alert,) = written["alerts"]

    assert {name: alert["labels"][name] for name in ("target", "instance", "metric")} == about.names
    assert (alert["annotations"]["value"], alert["annotations"]["threshold"]) == ("92%", "異常 85%以上")
    assert alert["annotations"]["row"] == "monitor/db-cpu"
    assert alert["annotations"]["row_url"] == "https://toban.example.com/clauses/monitor/db-cpu"


def test_a_recovery_has_the_same_labels_whatever_is_measured(notice: Notice, about: NoticeAbout) -> None:
    fired: Any = payload(replace(notice, about=about), "toban")
    over = replace(about, value=plain("40%"))

    resolved: Any = payload(replace(notice, kind=NoticeKind.RECOVERED, about=over), "toban")

    assert resolved["alerts"][0]["labels"] == fired["alerts"][0]["labels"]
    assert resolved["groupKey"] == fired["groupKey"]
