"""`toban why` for alerts and rows, with a Toban whose worker has put a document in force."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pytest_django import Settings
from tests.integration.faces.web.firing import CPU, DOCUMENT, fired, settle
from tests.registered import PARTS

from toban.design.reader import Design, read_design
from toban.engine.clock import system_clock
from toban.engine.editions.inforce import EditionInForce
from toban.engine.evidence.ledger import Record, append
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.status import StatusUpdate, show
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify import orders
from toban.engine.notify.models import Delivery
from toban.engine.runs.models import PlannedWork
from toban.faces.cli.document.why import command
from toban.message import plain

pytestmark = pytest.mark.django_db

BINDINGS = """[channels.ops]
kind = "slack"
webhook = "env:UNUSED"

[people."運用責任者"]
name = "上原"
"""

type Why = Callable[..., Result]


@pytest.fixture
def design(tmp_path: Path, settings: Settings) -> Design:
    """The document put in force by the worker of this home."""
    written = tmp_path / "運用設計書.md"
    written.write_text(DOCUMENT, encoding="utf-8")
    bindings = tmp_path / "toban.toml"
    bindings.write_text(BINDINGS, encoding="utf-8")
    settings.HOME = tmp_path / "home"
    parts = PARTS
    running = EditionInForce(written, bindings, parts.schema, kept=settings.HOME / "in-force")
    running.refresh()
    running.keep()
    append(Record(LedgerEntry.Kind.DOCUMENT, {"in_force": "運用設計書.md"}), now=system_clock())
    return read_design(DOCUMENT, "運用設計書.md")


@pytest.fixture
def why(design: Design) -> Why:
    def asked(*arguments: str) -> Result:
        return CliRunner().invoke(command, [*arguments], obj=PARTS)

    return asked


def as_json(why: Why, *asked: str) -> Any:
    told = why(*asked, "--format", "json")
    assert told.exit_code == 0, told.output
    return json.loads(told.output)


def test_an_alert_is_explained_per_destination_and_stage(design: Design, why: Why) -> None:
    alert = fired(design)
    settle(Delivery.State.DELIVERED, "ops", receipt="1732600000.1")

    told = why(str(alert.pk)).output

    assert "ops 運用責任者  (運用設計書.md:14)" in told
    assert "配信済み (1732600000.1)" in told
    assert (
        "○通知先  ○メンテナンス  ○抑制  ○ミュート  ○例外  ○フラッピング  ○重複排除  "
        "○タイミング  ○グループ化  ○送信" in told
    )
    assert "通知していません: 役割の担当者が決まっていません: 開発担当者" in told
    assert "×通知先  –メンテナンス" in told


def test_json_has_the_same_explanation_of_an_alert(design: Design, why: Why) -> None:
    now = system_clock()
    orders.silence({"target": "DB"}, "増設中", ends_at=now + timedelta(hours=1), by="nami", now=now)
    alert = fired(design)

    told = as_json(why, str(alert.pk))

    ops = next(place for place in told["places"] if place["destination"] == "ops")
    assert (told["alert"]["alert"], ops["told"]) == (alert.pk, "no")
    assert [stage for stage, word in ops["stages"].items() if word == "stopped"] == ["silence"]
    assert ops["outcomes"][0]["trail"][-1] == ["silence", "silenced"]
    assert ops["deliveries"] == []


def test_a_row_that_never_raised_an_alert_says_who_would_be_notified(design: Design, why: Why) -> None:
    now = system_clock()
    show(
        [StatusUpdate(CPU, Verdict.CONFORMING, plain("12%"), plain("範囲の中です"), now)], now, design.digest
    )

    told = why("DB", "CPU使用率").output

    assert "行 運用設計書.md:9  DB | CPU使用率" in told
    assert "判定 ● 適合  12%" in told
    assert "この行のアラートはまだありません。だれにも通知していません" in told
    assert "いま異常になれば\n  → ops  運用責任者  (運用設計書.md:14)" in told
    assert "× 通知方法が接続されていません: 運用責任者。" in told


def test_a_row_that_cannot_raise_an_alert_names_nobody(why: Why) -> None:
    told = why("計画メンテナンス").output

    assert "この行はアラートを出しません" in told
    assert "になれば" not in told
    assert "まだありません。だれにも" not in told
    assert as_json(why, "計画メンテナンス")["would_tell"] == {}


@pytest.mark.parametrize("asked", [CPU, "運用設計書.md:9", ":9", "db cpu"])
def test_a_row_can_be_named_by_its_id_line_or_words(design: Design, why: Why, asked: str) -> None:
    alert = fired(design)
    now = system_clock()
    orders.silence({"clause": CPU}, "増設中", ends_at=now + timedelta(hours=1), by="nami", now=now)

    told = as_json(why, *asked.split())

    assert (told["row"], told["newest"]["alert"]["alert"]) == (CPU, alert.pk)
    assert [each["matchers"] for each in told["silences"]] == [{"clause": CPU}]
    assert told["would_tell"]["critical"]["routes"][0]["destination"] == "ops"


def test_a_row_of_the_matrix_lists_the_notices_it_sent(design: Design, why: Why) -> None:
    fired(design)

    told = why("異常 (Critical)").output

    assert "この行による通知" in told
    assert "■ 異常: DB CPU使用率 92%  送信待ち" in told


def test_words_that_match_several_rows_are_refused_with_the_rows(why: Why) -> None:
    told = why("CPU使用率")

    assert told.exit_code == 1
    assert "2 行あります" in told.output
    assert f"運用設計書.md:9 ({CPU})" in told.output


@pytest.mark.parametrize("asked", ["999", "ありません"])
def test_an_unknown_name_is_refused_with_a_hint(why: Why, asked: str) -> None:
    told = why(asked)

    assert told.exit_code == 1
    assert f"「{asked}」というアラート、行、バッチはありません" in told.output
    assert "HINT: アラートの番号は toban alerts --history" in told.output


def test_a_batch_whose_name_is_a_number_can_be_named_by_it(design: Design, why: Why) -> None:
    alert = fired(design)
    now = system_clock()
    PlannedWork.objects.create(
        key=str(alert.pk), clause_id="batch/batch/1", rule="日次 04:00", planned_until=now, next_due=now
    )

    told = as_json(why, str(alert.pk))

    assert (told["batch"], told["rule"]) == (str(alert.pk), "日次 04:00")


def test_a_notification_that_waits_for_its_rows_timing_says_for_what(why: Why) -> None:
    delayed = DOCUMENT.replace("| Slack、メール | 即時 |", "| Slack、メール | 5分継続後 |")
    alert = fired(read_design(delayed, "運用設計書.md"))

    told = why(str(alert.pk)).output

    assert "×タイミング" in told
    assert "タイミング: 行の定める時間、まだ継続していません。" in told
    assert "(5分継続後: " in told
