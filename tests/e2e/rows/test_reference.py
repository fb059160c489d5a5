"""Every row of the reference is in a state that a reader would agree with; see `reference.txt`."""

from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
import pytest
from tests.e2e.rows import aws
from tests.e2e.rows.github import FIRST
from tests.e2e.rows.looking import expect, rows
from tests.e2e.rows.reference import SECRETS, Reference, reference
from tests.e2e.rows.releasing import await_version, look, release, said, serving
from tests.e2e.rows.tables import table
from tests.e2e.running import wait_for
from tests.integration.chapters.release.shop import PRODUCTION, STAGING

__all__ = ["reference"]

pytestmark = pytest.mark.slow

DEVELOPMENT = "開発環境"
MINOR, BACK = 141, 145
_TOKYO = ZoneInfo("Asia/Tokyo")
_WITHIN = 300.0


def test_the_table_names_every_row_of_the_document(reference: Reference) -> None:
    assert sorted(rows(reference.toban)) == sorted(table("reference"))


def test_nothing_is_released_before_its_day_or_its_trigger(reference: Reference) -> None:
    for environment in (DEVELOPMENT, STAGING, PRODUCTION):
        await_version(reference.toban, environment, FIRST)
    expect(reference.toban, table("before-releases"))

    found = {line: row["next_due"] for line, row in rows(reference.toban).items()}
    release, drill = (datetime.fromisoformat(found[line]).astimezone(_TOKYO) for line in (MINOR, BACK))
    assert release.weekday() == 1
    assert 8 <= release.day <= 14
    assert drill.weekday() < 5
    assert drill.hour == 10


def test_every_row_is_in_its_state_when_everything_answers(reference: Reference) -> None:
    _write_logs(reference)
    _report_an_error(reference)
    for name in ("PING_2", "PING_3", "PING_4"):
        httpx.get(f"{reference.toban.url}/ping/{SECRETS[name]}").raise_for_status()
    _order(reference, "B001")
    _order(reference, "PostgreSQL/incremental")
    _order(reference, "PostgreSQL/drill")
    _raise_an_alert(reference)
    _release(reference)

    expect(reference.toban, table("reference"))


def test_rows_say_so_when_their_vendors_refuse(reference: Reference) -> None:
    reference.datadog.refuses, reference.newrelic.is_busy = 403, True

    expect(reference.toban, table("vendors-refuse"))

    reasons = {line: row["reason"]["text"] for line, row in rows(reference.toban).items()}
    assert "鍵を認めません" in reasons[30]
    assert "絞っています" in reasons[37]
    assert not any(secret in reason for secret in SECRETS.values() for reason in reasons.values())


def test_a_workflow_that_fails_is_a_deviation_of_its_environment_alone(reference: Reference) -> None:
    reference.github.actions.conclusion = "failure"
    reference.github.merge("v1.2.0")

    expect(reference.toban, table("workflow-fails"))
    assert serving(reference.toban, DEVELOPMENT) == "v1.1.0"


def _order(reference: Reference, work: str) -> None:
    done = reference.toban.run("run", work, "--follow", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr


def _release(reference: Reference) -> None:
    """Bring a version the document's whole way, and rehearse the way back."""
    toban, github = reference.toban, reference.github
    said(toban, "account", "kai")
    github.merge("v1.1.0")
    await_version(toban, DEVELOPMENT, "v1.1.0")
    github.branch("release/1.1")
    await_version(toban, STAGING, "v1.1.0")
    look(toban, STAGING)
    release(toban, "v1.1.0", "障害 #1 おすすめが出ない")
    _order(reference, f"rollback-drill/{STAGING}")


def _write_logs(reference: Reference) -> None:
    """Write what an application writes that keeps the document's format."""
    line = {"timestamp": "2026-04-01T00:00:00Z", "userId": 1, "requestId": "req-1", "ip": "192.0.2.1"}
    now = aws.now()
    aws.write_logs(
        reference.moto,
        [
            *({**line, "timestamp": now, "level": level, "message": "Order accepted"} for level in LEVELS),
            {
                "timestamp": now,
                "logType": "access",
                "method": "GET",
                "path": "/",
                "status": 200,
                "durationMs": 5,
            },
            {"timestamp": now, "logType": "audit", "message": "user created", "level": "INFO"},
        ],
    )


LEVELS = ("INFO", "WARNING", "ERROR")


def _report_an_error(reference: Reference) -> None:
    event = {"event_id": "a" * 32, "timestamp": aws.now(), "level": "error", "message": "card declined"}
    url = f"{reference.toban.url}/api/1/store/?sentry_key={SECRETS['ERRORS_KEY']}"
    httpx.post(url, json=event).raise_for_status()


def _raise_an_alert(reference: Reference) -> None:
    """Let Datadog measure too much CPU, until Slack has the alert and its end."""
    idle, reference.datadog.values["system.cpu.idle"] = reference.datadog.values["system.cpu.idle"], 95.0
    wait_for(lambda: reference.slack.with_words("異常", "CPU使用率"), within=_WITHIN)
    reference.datadog.values["system.cpu.idle"] = idle
    wait_for(lambda: reference.slack.with_words("復旧"), within=_WITHIN)
