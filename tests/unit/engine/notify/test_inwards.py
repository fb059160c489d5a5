"""Alerts in Alertmanager's format, read."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from toban.design.reader import read_design
from toban.design.values.severity import AlertLevel
from toban.engine.notify.inwards import MOST, UNSENT, BadAlerts, Outside, read_alerts, signal_of
from toban.engine.notify.routing.silences import Quiet, is_matcher
from toban.engine.notify.signal import Condition

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


def read(*alerts: object) -> tuple[Outside, ...]:
    return read_alerts(json.dumps(alerts).encode(), NOON)


def alert(**more: object) -> dict[str, object]:
    return {"labels": {"alertname": "HighLatency", "instance": "api-1:9100", "severity": "critical"}, **more}


def test_an_alert_is_known_by_its_labels_in_any_order() -> None:
    one, same, other = read(
        {"labels": {"a": "1", "b": "2"}}, {"labels": {"b": "2", "a": "1"}}, {"labels": {"a": "1"}}
    )

    assert one.key == same.key != other.key


def test_an_end_that_is_missing_or_gos_zero_time_is_put_off() -> None:
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
def test_what_is_none_of_the_contract_is_refused_with_its_place(body: bytes, complaint: str) -> None:
    with pytest.raises(BadAlerts, match=complaint):
        read_alerts(body, NOON)


def test_text_that_no_database_holds_is_kept_without_what_can_not_be_stored() -> None:
    body = rb'[{"labels": {"alertname": "half \ud800, nothing \u0000"}}]'

    (found,) = read_alerts(body, NOON)

    assert found.labels == {"alertname": "half ?, nothing \ufffd"}


def test_too_many_at_once_are_refused() -> None:
    with pytest.raises(BadAlerts, match="at most"):
        read(*[alert()] * (MOST + 1))


def test_the_signal_cites_the_row_of_its_level() -> None:
    (found,) = read(alert(annotations={"summary": "p99 1.2s"}))

    signal = signal_of(found, MATRIX, "prometheus", NOON)

    assert signal is not None
    assert (signal.condition, signal.subject, signal.value) == (
        Condition.CRITICAL,
        "api-1:9100 HighLatency",
        "p99 1.2s",
    )
    assert signal.citation == "運用設計書.md:8"
    assert signal.labels["sender"] == "prometheus"


def test_what_is_over_is_ok() -> None:
    (found,) = read(alert(startsAt="2026-04-01T11:00:00Z", endsAt="2026-04-01T12:00:00Z"))

    signal = signal_of(found, MATRIX, "prometheus", NOON)

    assert signal is not None
    assert signal.condition is Condition.OK


def test_a_document_without_a_matrix_takes_nothing() -> None:
    (found,) = read(alert())

    without = replace(MATRIX, clauses=())

    assert signal_of(found, without, "prometheus", NOON) is None


def test_its_own_labels_can_be_silenced_and_pass_for_none_of_toban_s() -> None:
    (found,) = read({"labels": {"alertname": "x", "team": "payments", "channel": "mail", "event": "1"}})

    signal = signal_of(found, MATRIX, "prometheus", NOON)

    assert signal is not None
    assert {"channel", "event"}.isdisjoint(signal.labels)
    quiet = Quiet({"label.team": "payments"}, "taro", "planned", NOON, NOON + timedelta(hours=1))
    assert quiet.covers(signal.clause_id, signal.labels)
    assert is_matcher("label.team")
    assert not is_matcher("label.")
