"""Parsing alerts in Alertmanager's format."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from toban.design.reader import read_design
from toban.design.values.severity import AlertLevel
from toban.engine.notify.inwards import (
    MOST,
    UNSENT,
    BadAlerts,
    IncomingAlert,
    is_still_sending,
    read_alerts,
    signal_of,
)
from toban.engine.notify.routing.silences import ActiveSilence, is_matcher
from toban.engine.notify.signal import Condition
from toban.message import plain

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MATRIX = read_design(
    """# 運用設計書

## 2. 監視

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 運用責任者 | Slack | 即時 |
| 警告 (Warning) | 開発担当者 | Slack | 即時 |
""",
    "運用設計書.md",
)


def read(*alerts: object) -> tuple[IncomingAlert, ...]:
    return read_alerts(json.dumps(alerts).encode(), NOON)


def alert(**more: object) -> dict[str, object]:
    return {"labels": {"alertname": "HighLatency", "instance": "api-1:9100", "severity": "critical"}, **more}


def test_an_incoming_alert_is_identified_by_its_labels_in_any_order() -> None:
    one, same, other = read(
        {"labels": {"a": "1", "b": "2"}}, {"labels": {"b": "2", "a": "1"}}, {"labels": {"a": "1"}}
    )

    assert one.key == same.key != other.key


def test_a_missing_or_zero_end_time_is_extended() -> None:
    for end in ({}, {"endsAt": "0001-01-01T00:00:00Z"}):
        (found,) = read(alert(startsAt="2026-04-01T11:00:00.123456789Z", **end))

        assert found.ends_at == NOON + UNSENT
        assert not found.is_over(NOON + UNSENT - timedelta(microseconds=1))
        assert found.is_over(NOON + UNSENT)


@pytest.mark.parametrize(
    ("severity", "level"),
    [
        ("critical", AlertLevel.CRITICAL),
        ("warning", AlertLevel.WARNING),
        ("info", AlertLevel.INFO),
        ("異常", AlertLevel.CRITICAL),
        ("page", AlertLevel.WARNING),
        ("", AlertLevel.WARNING),
    ],
)
def test_the_severity_is_read_in_the_words_of_documents(severity: str, level: AlertLevel) -> None:
    (found,) = read({"labels": {"alertname": "x", "severity": severity}})

    assert found.level is level


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"{", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"{}", "array"),
        (b"[1]", "alert 0: not an object"),
        (b"[{}]", "alert 0: labels"),
        (b'[{"labels": {}}]', "alert 0: no labels"),
        (b'[{"labels": {"a": 1}}]', "alert 0: labels must be an object of texts"),
        (b'[{"labels": {"a": "b"}, "startsAt": "yesterday"}]', "alert 0: startsAt is no time"),
        (b'[{"labels": {"a": "b"}, "startsAt": "2026-04-01T12:00:00"}]', "names no zone"),
        (
            b'[{"labels": {"a": "b"}, "startsAt": "2026-04-01T12:00:00Z", "endsAt": "2026-04-01T11:00:00Z"}]',
            "ends before it starts",
        ),
    ],
)
def test_invalid_input_is_refused_with_its_position(body: bytes, complaint: str) -> None:
    with pytest.raises(BadAlerts, match=complaint):
        read_alerts(body, NOON)


def test_characters_a_database_cannot_store_are_removed() -> None:
    body = rb'[{"labels": {"alertname": "half \ud800, nothing \u0000"}}]'

    (found,) = read_alerts(body, NOON)

    assert found.labels == {"alertname": "half ?, nothing \ufffd"}


def test_too_many_alerts_at_once_are_refused() -> None:
    with pytest.raises(BadAlerts, match="at most"):
        read(*[alert()] * (MOST + 1))


def test_the_signal_cites_the_row_of_its_level() -> None:
    (found,) = read(alert(annotations={"summary": "p99 1.2s"}))

    signal = signal_of(found, MATRIX, "prometheus", NOON)

    assert signal is not None
    assert (signal.condition, signal.subject, signal.value) == (
        Condition.CRITICAL,
        plain("api-1:9100 HighLatency"),
        plain("p99 1.2s"),
    )
    assert signal.citation == "運用設計書.md:8"
    assert signal.labels["sender"] == "prometheus"


def test_a_resolved_incoming_alert_becomes_ok() -> None:
    (found,) = read(alert(startsAt="2026-04-01T11:00:00Z", endsAt="2026-04-01T12:00:00Z"))

    signal = signal_of(found, MATRIX, "prometheus", NOON)

    assert signal is not None
    assert signal.condition is Condition.OK


def test_without_a_notification_matrix_no_alert_is_accepted() -> None:
    (found,) = read(alert())

    without = replace(MATRIX, clauses=())

    assert signal_of(found, without, "prometheus", NOON) is None


def test_incoming_labels_can_be_silenced_but_cannot_imitate_tobans_own() -> None:
    (found,) = read({"labels": {"alertname": "x", "team": "payments", "channel": "mail", "event": "1"}})

    signal = signal_of(found, MATRIX, "prometheus", NOON)

    assert signal is not None
    assert {"channel", "event"}.isdisjoint(signal.labels)
    quiet = ActiveSilence({"label.team": "payments"}, "taro", "planned", NOON, NOON + timedelta(hours=1))
    assert quiet.covers(signal.clause_id, signal.labels)
    assert is_matcher("label.team")
    assert not is_matcher("label.")


@pytest.mark.parametrize(
    ("heard", "lives"), [(None, False), (0.0, False), (1.0, False), (1.99, False), (2.0, True), (3.0, True)]
)
def test_a_sender_lives_if_it_sent_others_in_the_later_half_of_an_alerts_time(
    heard: float | None, lives: bool
) -> None:
    sender_at = None if heard is None else NOON + timedelta(minutes=heard)

    assert is_still_sending(NOON, NOON + timedelta(minutes=4), sender_at) is lives
