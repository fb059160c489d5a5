"""Alerts, silences and maintenance from the command line."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result

from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.alerts import report
from toban.engine.notify.models import Alert, Maintenance, Silence, StageOutcome
from toban.engine.notify.reason import NoticeReason
from toban.engine.notify.signal import Condition, Signal
from toban.faces.cli.notify import alerts, maintenance, silence
from toban.message import plain

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)

type Type = Callable[..., Result]


@pytest.fixture
def firing() -> Alert:
    report(
        [
            Signal(
                key="monitoring/monitor/DB/cpu",
                clause_id="monitoring/monitor/DB/cpu",
                citation="運用設計書.md:13",
                clause_text="DB | CPU使用率",
                condition=Condition.CRITICAL,
                subject=plain("DB CPU使用率"),
                value=plain("92%"),
                limit=plain("異常 85%以上"),
                began_at=NOW,
                detected_at=NOW,
                labels={"target": "DB", "item": "cpu"},
            )
        ],
        NOW,
    )
    return Alert.objects.get()


def test_open_alerts_are_listed_with_their_mark(firing: Alert) -> None:
    shown = CliRunner().invoke(alerts.command, [])

    assert shown.exit_code == 0
    assert "■ 異常  DB CPU使用率  92%" in shown.output


@pytest.mark.parametrize("names", [("--acknowledge", "--unacknowledge"), ("--take", "--release")])
def test_an_alert_is_acknowledged_and_unacknowledged_by_either_name(
    firing: Alert, names: tuple[str, str]
) -> None:
    for name in names:
        assert CliRunner().invoke(alerts.command, [name, str(firing.pk)]).exit_code == 0


def test_a_system_without_alerts_says_so() -> None:
    assert "継続中のアラートはありません" in CliRunner().invoke(alerts.command, []).output


def test_an_alert_is_acknowledged_by_the_user_of_the_command(firing: Alert) -> None:
    done = CliRunner().invoke(alerts.command, ["--acknowledge", str(firing.pk)])

    assert done.exit_code == 0
    firing.refresh_from_db()
    assert firing.acknowledged_by == LedgerEntry.objects.get(kind=LedgerEntry.Kind.AUDIT).actor
    again = CliRunner().invoke(alerts.command, ["--acknowledge", str(firing.pk)])
    assert again.exit_code == 1
    assert "が対応中です" in again.output


def test_an_alert_is_released_by_the_user_of_the_command(firing: Alert) -> None:
    assert CliRunner().invoke(alerts.command, ["--unacknowledge", str(firing.pk)]).exit_code == 1
    CliRunner().invoke(alerts.command, ["--acknowledge", str(firing.pk)])

    done = CliRunner().invoke(alerts.command, ["--unacknowledge", str(firing.pk)])

    assert done.exit_code == 0
    assert "の対応を取り消しました" in done.output
    firing.refresh_from_db()
    assert firing.acknowledged_by == ""


def test_alerts_are_available_as_json(firing: Alert) -> None:
    (found,) = json.loads(CliRunner().invoke(alerts.command, ["--format", "json"]).output)

    assert (found["alert"], found["condition"], found["labels"]) == (
        firing.pk,
        "critical",
        {"target": "DB", "item": "cpu"},
    )


def test_a_silence_is_made_listed_and_ended() -> None:
    made = CliRunner().invoke(silence.command, ["--target", "DB", "--for", "2時間", "--reason", "増設中"])

    assert made.exit_code == 0, made.output
    found = Silence.objects.get()
    assert found.matchers == {"target": "DB"}
    assert found.ends_at - found.starts_at == timedelta(hours=2)
    assert "target=DB" in CliRunner().invoke(silence.command, ["--list"]).output
    assert CliRunner().invoke(silence.command, ["--end", str(found.pk)]).exit_code == 0
    assert "ミュートはありません" in CliRunner().invoke(silence.command, ["--list"]).output


def test_a_silence_may_match_any_label_of_an_alert() -> None:
    arguments = ["--label", "batch=B003", "--label", "sender=grafana", "--for", "1時間", "--reason", "x"]

    made = CliRunner().invoke(silence.command, arguments)

    assert made.exit_code == 0, made.output
    assert Silence.objects.get().matchers == {"batch": "B003", "sender": "grafana"}


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (["--target", "DB", "--reason", "増設中"], 1, "終了時刻がありません"),
        (["--for", "1時間", "--reason", "増設中"], 1, "ミュートの条件がありません"),
        (["--label", "batch=", "--for", "1時間", "--reason", "x"], 1, "ミュートの条件がありません"),
        (["--label", "host=db-1", "--for", "1時間", "--reason", "x"], 1, "「host」は条件に使えません"),
        (["--label", "db-1", "--for", "1時間", "--reason", "x"], 2, "名前=値 の形ではありません"),
        (["--target", "DB", "--for", "そのうち", "--reason", "x"], 2, "長さではありません"),
        (["--target", "DB", "--until", "あした", "--reason", "x"], 2, "時刻ではありません"),
        (["--target", "DB", "--for", "1時間", "--until", "2026-12-01", "--reason", "x"], 2, "一つだけ"),
    ],
)
def test_an_invalid_silence_is_refused(arguments: list[str], status: int, complaint: str) -> None:
    refused = CliRunner().invoke(silence.command, arguments)

    assert refused.exit_code == status
    assert complaint in refused.output
    assert not Silence.objects.exists()


def test_maintenance_can_be_announced_for_later_and_cancelled() -> None:
    arguments = ["--target", "DB", "--from", "2199-01-01T22:00", "--for", "1時間", "--reason", "交換"]

    made = CliRunner().invoke(maintenance.command, arguments)

    assert made.exit_code == 0, made.output
    found = Maintenance.objects.get()
    assert (found.targets, found.ends_at - found.starts_at) == (["DB"], timedelta(hours=1))
    listed = json.loads(CliRunner().invoke(maintenance.command, ["--list", "--format", "json"]).output)
    assert [each["reason"] for each in listed] == ["交換"]
    assert CliRunner().invoke(maintenance.command, ["--end", str(found.pk)]).exit_code == 0
    assert "ありません" in CliRunner().invoke(maintenance.command, ["--list"]).output


def test_alerts_are_filtered_and_counted_by_reason(firing: Alert) -> None:
    outcome = NoticeReason.MUTED
    StageOutcome.objects.create(
        alert=firing, at=NOW, condition="critical", passed=False, stage="mute", reason=outcome,
        detail=outcome.said, trail=[],
    )  # fmt: skip

    def shown(*arguments: str) -> str:
        return CliRunner().invoke(alerts.command, list(arguments)).output

    assert "DB CPU使用率" in shown("--reason", "notify.reason-muted")
    assert "継続中のアラートはありません" in shown("--reason", "notify.reason-silenced")
    assert "     1  notify.reason-muted  原因のアラートを通知済みのため抑制しています" in shown("--reasons")
    (counted,) = json.loads(shown("--reasons", "--format", "json"))
    assert (counted["reason"]["code"], counted["alerts"]) == ("notify.reason-muted", 1)


def test_alerts_are_listed_in_english_too(firing: Alert, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toban.catalogue._active", lambda: "en")

    assert "■ Critical  DB CPU使用率  92%  since " in CliRunner().invoke(alerts.command, []).output
