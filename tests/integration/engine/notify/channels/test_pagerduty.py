import json
from dataclasses import replace
from typing import Any

import pytest

from toban.engine.bindings.secret import Secret
from toban.engine.notify.channels.pagerduty.channel import PagerDuty
from toban.engine.notify.channels.pagerduty.config import PagerDutyConfig
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.notice import Notice, NoticeKind

ACCEPTED = b'{"status": "success", "message": "Event processed", "dedup_key": "alert-1"}'


@pytest.fixture
def pagerduty(http: Any, monkeypatch: pytest.MonkeyPatch) -> PagerDuty:
    monkeypatch.setenv("ROUTING_KEY", "R" * 32)
    http.answers(202, ACCEPTED)
    config = PagerDutyConfig(routing_key=Secret("env:ROUTING_KEY"), url=f"{http.url}/v2/enqueue", timeout=1)
    return PagerDuty(config)


def test_an_alert_and_its_recovery_are_one_incident(pagerduty: PagerDuty, http: Any, notice: Notice) -> None:
    assert pagerduty.send(notice, ()) == "alert-1"
    assert pagerduty.send(replace(notice, kind=NoticeKind.RECOVERED), ()) == "alert-1"

    events = [json.loads(asked.body) for asked in http.asked]
    assert [event["event_action"] for event in events] == ["trigger", "resolve"]
    assert {event["dedup_key"] for event in events} == {"alert-1"}
    assert {event["routing_key"] for event in events} == {"R" * 32}


def test_an_invalid_event_is_refused_permanently_in_the_vendors_words(
    pagerduty: PagerDuty, http: Any, notice: Notice
) -> None:
    http.answers(400, b'{"status": "invalid event", "message": "Event object is invalid"}')

    with pytest.raises(Undelivered, match="invalid event") as caught:
        pagerduty.send(notice, ())

    assert not caught.value.retry


def test_only_status_202_counts_as_accepted(pagerduty: PagerDuty, http: Any, notice: Notice) -> None:
    http.answers(200, ACCEPTED)

    with pytest.raises(Undelivered) as caught:
        pagerduty.send(notice, ())

    assert caught.value.retry
