"""`toban levels` with a running Toban."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from django.utils import translation
from pytest_django import Settings
from tests.registered import PARTS

from toban.chapters.objectives.models import LevelDay
from toban.engine.clock import system_clock
from toban.engine.evidence.models import ClauseStatus
from toban.faces.cli.objectives.levels import command
from toban.message import Message

pytestmark = pytest.mark.django_db

DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用目標
| 項目 | 目標値 |
|---|---|
| 稼働率 | 99.9% |
| 同時接続数 | 1000以上 |
## 2. 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| API | レスポンスタイム | 0-300ms | 500ms | 1000ms | 1分 |
"""
BINDINGS = '[targets.API]\nsources = [{ kind = "http", url = "http://127.0.0.1:9/" }]\n'
AVAILABILITY = "objectives/objective/稼働率"
MONTH = Message("objectives.this-month", month=Message("objectives.in-percent", value=99.95))

type Levels = Callable[..., Result]


@pytest.fixture
def levels(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Levels:
    """Call `toban levels` on a home in which nothing has been stored yet."""
    (tmp_path / "運用設計書.md").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "toban.toml").write_text(BINDINGS, encoding="utf-8")
    monkeypatch.setenv("TOBAN_DESIGN", str(tmp_path / "運用設計書.md"))
    monkeypatch.delenv("TOBAN_BINDINGS", raising=False)
    settings.HOME = tmp_path / "home"
    parts = PARTS
    return lambda *arguments: CliRunner().invoke(command, arguments, obj=parts)


def test_json_has_the_figures_with_and_without_maintenance_and_the_known_time(
    levels: Levels,
) -> None:
    today = system_clock().astimezone(ZoneInfo("Asia/Tokyo")).date()
    for back in range(2):
        LevelDay.objects.create(
            objective=AVAILABILITY, day=today - timedelta(days=back), covered=1000, amount=800,
            planned_covered=200, planned_amount=0, measured_by="up API",
        )  # fmt: skip

    availability, connections = json.loads(levels("--format", "json").output)

    assert (availability["measured_by"], availability["target"]) == ("up API", 99.9)
    assert availability["today"]["without_planned"] == 100
    assert availability["today"]["counted"] == 80
    assert 0 < availability["year"]["known_share"] < 0.5
    assert availability["month"]["budget_left_share"] == 1
    assert "today" not in connections
    assert "は測れません" in connections["reason"]["text"]
    assert connections["reason"]["code"] == "objectives.not-measurable"


def test_the_text_output_has_a_line_with_the_verdict_and_the_reason(levels: Levels) -> None:
    ClauseStatus.objects.create(
        clause_id=AVAILABILITY, verdict="conforming", since=system_clock(), value=MONTH, revision=1
    )

    output = levels().output

    assert "● 稼働率 | 99.9%  今月 99.950%" in output
    assert "– 同時接続数 | 1000以上" in output


def test_the_text_output_is_available_in_english(levels: Levels) -> None:
    ClauseStatus.objects.create(
        clause_id=AVAILABILITY, verdict="conforming", since=system_clock(), value=MONTH, revision=1
    )

    with translation.override("en"):
        output = levels().output

    assert "● 稼働率 | 99.9%  this month 99.950%" in output
    assert "“同時接続数” can't be measured: only availability, response time and error rate can" in output


def test_openslo_export_is_available(levels: Levels) -> None:
    service, slo = json.loads(levels("--format", "openslo").output)

    assert (service["kind"], slo["kind"], slo["apiVersion"]) == ("Service", "SLO", "openslo/v1")
