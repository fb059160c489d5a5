"""`toban status`: the document page in the terminal, with a Toban whose worker put a document in force."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.utils import translation
from tests.registered import PARTS, schema

from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.editions.edition import ApprovalNeed
from toban.engine.editions.inforce import EditionInForce
from toban.engine.evidence.ledger import Record, append
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.status import StatusUpdate, show
from toban.engine.evidence.verdict import Verdict
from toban.faces.cli.document.status import command
from toban.message import plain

pytestmark = pytest.mark.django_db

DESIGN = """# 受付の運用設計書
## 2. 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| Web[red] | メモリ使用率 | 0-70% | 80% | 90% | 1分 |
| DB | 接続数 | 0-80 | 90 | 100 | 1分 |
| DB | 応答時間 | たくさん | たくさん | たくさん | 1分 |
## 10. 定期作業
### 日次作業
| 作業項目 | 実施時間 | 担当者 | 内容 |
|---|---|---|---|
| ログ確認 | 9:00 | 開発担当者 | 前日の通知を見る |
"""
CPU = "monitoring/monitor/Web/CPU使用率"
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)

type Status = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of a Toban with `DESIGN` in force."""
    design = tmp_path / "受付.md"
    design.write_text(DESIGN, encoding="utf-8")
    home = tmp_path / "home"
    running = EditionInForce(design, tmp_path / "toban.toml", schema(), kept=home / "in-force")
    running.refresh()
    running.keep()
    append(Record(LedgerEntry.Kind.DOCUMENT, {"in_force": "ops/受付.md"}), now=NOON)
    return home


@pytest.fixture
def status(home: Path, monkeypatch: pytest.MonkeyPatch) -> Status:
    """`toban status` with arguments."""
    monkeypatch.delenv("TOBAN_DESIGN", raising=False)
    runner = CliRunner(env={"TOBAN_HOME": str(home)})
    return lambda *arguments: runner.invoke(command, arguments, obj=PARTS)


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A terminal whose user reads English."""
    monkeypatch.setenv("TOBAN_LANGUAGE", "en")
    with translation.override("en"):
        yield


def say_of(clause_id: str, verdict: Verdict, value: str = "", reason: str = "") -> None:
    due = NOON + timedelta(minutes=1)
    update = StatusUpdate(
        clause_id, verdict, plain(value), plain(reason), NOON, due, every=timedelta(days=36500)
    )
    show([update], NOON, "digest")


def judged_long_ago(clause_id: str) -> None:
    """Show *clause_id* as the last judgement of a worker that has stopped since."""
    show([StatusUpdate(clause_id, Verdict.CONFORMING, plain("41.9%"), plain(""), NOON)], NOON, "digest")


def rows(result: Result) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in json.loads(result.stdout)["rows"]}


def test_the_worst_row_comes_first_with_its_mark_line_value_and_reason(status: Status) -> None:
    say_of("monitoring/monitor/DB/接続数", Verdict.WARNING, "93", "警告 90以上")
    say_of(CPU, Verdict.DEVIATING, "91.0%", "異常 85%以上に達しています")

    result = status()

    assert result.exit_code == 0
    assert result.stdout.startswith("ops/受付.md  最後の観測 ")
    below = result.stdout.split("■ 逸脱", 2)[2]
    assert below.index("91.0%") < below.index("異常 85%以上") < below.index("▲ 警告") < below.index("93")
    assert below.lstrip().startswith(":6 ")


def test_each_chapter_has_its_worst_verdict_and_count(status: Status) -> None:
    say_of(CPU, Verdict.CONFORMING)

    chapters = {each["title"]: each for each in json.loads(status("--format", "json").stdout)["chapters"]}

    assert chapters["2. 監視"] == {
        "title": "2. 監視",
        "verdict": "not-measurable",
        "conforming": 1,
        "total": 3,
        "unread": 1,
    }


def test_conforming_rows_are_shown_on_request(status: Status) -> None:
    say_of(CPU, Verdict.CONFORMING, "41.9%")

    assert "41.9%" not in status().stdout
    assert "41.9%" in status("--all").stdout


def test_a_row_that_was_never_judged_is_not_measurable(status: Status) -> None:
    found = rows(status("--format", "json"))[CPU]

    assert (found["verdict"], found["since"]) == ("not-measurable", None)
    assert found["reason"]["text"] == "まだ判定していません"


def test_a_judgement_that_nobody_renewed_is_not_measurable_and_counts_as_such(status: Status) -> None:
    judged_long_ago(CPU)

    said = json.loads(status("--format", "json").stdout)

    (found,) = (row for row in said["rows"] if row["id"] == CPU)
    assert (found["verdict"], found["value"]["text"]) == ("not-measurable", "")
    assert (found["observed_at"], found["since"]) == (NOON.isoformat(), "2026-04-01T12:04:00+00:00")
    assert found["reason"]["code"] == "evidence.judgement-out-of-date"
    assert not any(chapter["conforming"] for chapter in said["chapters"])
    assert said["figures"][0]["value"]["text"].startswith("0 / ")


def test_the_terminal_says_what_was_last_judged_of_a_row_out_of_date(status: Status) -> None:
    judged_long_ago(CPU)

    shown = " ".join(status().stdout.split())

    assert "最後の判定 (● 41.9%) は古くなり" in shown


def test_json_has_timestamps_instead_of_words(status: Status) -> None:
    say_of(CPU, Verdict.CONFORMING, "41.9%")

    found = rows(status("--format", "json"))[CPU]

    assert found["line"] == 6
    assert found["since"] == "2026-04-01T12:00:00+00:00"
    assert found["next_due"] == "2026-04-01T12:01:00+00:00"


def test_the_first_screen_has_the_order_of_the_page(status: Status) -> None:
    say_of(CPU, Verdict.DEVIATING, "91.0%")

    shown = status().stdout

    titles = ("発生中 1", "今日の作業 1", "各章", "エラーバジェット残り\n", "次の予定\n")
    places = [shown.index(title) for title in titles]
    assert places == sorted(places)
    assert re.search(r"^■ +Web CPU使用率 +91.0% .*未対応", shown, re.MULTILINE)
    assert re.search(r"^・ +ログ確認 +実施 +09:00 開発担当者", shown, re.MULTILINE)
    assert re.search(r"^ +文書にありません +バッチ処理", shown, re.MULTILINE)


def test_json_has_the_first_screen_as_on_the_page(status: Status) -> None:
    say_of(CPU, Verdict.DEVIATING, "91.0%")

    found = json.loads(status("--format", "json").stdout)["overview"]

    assert found["firing"] == [
        {
            "id": CPU,
            "name": "Web CPU使用率",
            "verdict": "deviating",
            "value": plain("91.0%").as_output(),
            "since": "2026-04-01T12:00:00+00:00",
            "acknowledged_by": "",
        }
    ]
    assert [(each["subject"]["text"], each["act"]["text"], each["assignee"]) for each in found["to_do"]] == [
        ("ログ確認", "実施", "開発担当者")
    ]
    assert [each["title"] for each in found["chapters"] if not each["is_missing"]] == [
        "2. 監視",
        "10. 定期作業",
    ]
    assert len(found["chapters"]) == 13
    assert [each["label"]["text"] for each in found["figures"]] == ["エラーバジェット残り"]
    assert found["next"] == []


def test_one_chapter_can_be_shown_alone(status: Status) -> None:
    shown = rows(status("--chapter", "定期", "--format", "json"))

    assert shown
    assert all(clause_id.startswith("routine/") for clause_id in shown)


@pytest.mark.usefixtures("english")
def test_the_page_is_in_english_for_those_who_read_english(status: Status) -> None:
    say_of(CPU, Verdict.DEVIATING, "91.0%")

    shown, refused = status().stdout, status("--chapter", "宇宙").stderr

    for title in ("Firing 1", "Tasks today 1", "Chapters", "Next due"):
        assert f"\n{title}\n" in shown
    assert "1 row not understood" in shown
    assert "Unacknowledged" in shown
    assert 'No chapter has "宇宙" in its heading' in refused


def test_an_unknown_chapter_is_refused_with_the_known_ones(status: Status) -> None:
    result = status("--chapter", "宇宙")

    assert result.exit_code == 2
    assert "「宇宙」" in result.stderr
    assert "HINT: あるのは" in result.stderr
    assert "2. 監視、10. 定期作業" in result.stderr


def test_brackets_in_the_document_are_not_markup(status: Status) -> None:
    assert "Web[red] メモリ使用率" in status().stdout


def test_a_refused_version_is_reported(status: Status) -> None:
    refused = {"refused": "ops/受付.md", "reason": "ops/受付.md: 表がありません"}
    append(Record(LedgerEntry.Kind.DOCUMENT, refused), now=NOON)

    result = status()

    assert result.stdout.startswith("ops/受付.md  ")
    assert "新しい版は採られていません" in result.stdout
    assert "表がありません" in result.stdout


def test_a_version_that_waits_for_confirmation_is_reported(status: Status) -> None:
    waits = {"waits": "ops/受付.md", "reason": "DB 接続数: 行がありません"}
    append(Record(LedgerEntry.Kind.DOCUMENT, waits), now=NOON)

    text, values = status().stdout, json.loads(status("--format", "json").stdout)

    assert "新しい版は確認を待っています。前の版で続けています:" in text
    assert "DB 接続数: 行がありません" in text
    assert values["is_waiting"] is True


def test_a_version_that_waits_for_approval_is_reported_as_such(status: Status) -> None:
    need = ApprovalNeed(plain("others write it"), (), ApprovalTerms("運用責任者"))
    waits = {"waits": "ops/受付.md", "reason": "新しいコマンド", "approval": need.as_json()}
    append(Record(LedgerEntry.Kind.DOCUMENT, waits), now=NOON)

    text = status().stdout

    assert "新しい版は承認を待っています。前の版で続けています:" in text
    assert "新しいコマンド" in text


def test_rows_beyond_one_screen_are_counted(status: Status, home: Path) -> None:
    many = "".join(f"| Web{number} | CPU使用率 | 0-60% | 70% | 85% | 1分 |\n" for number in range(30))
    kept = home / "in-force" / "design.md"
    kept.write_text(DESIGN.partition("| Web |")[0] + many, encoding="utf-8")

    result = status()

    assert len(re.findall(r"^\? 測定不能 +:\d+ ", result.stdout, re.MULTILINE)) == 20
    assert "ほか 10 行: --all" in result.stdout


def test_without_a_running_toban_a_hint_is_printed_and_nothing_is_created(
    status: Status, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"

    result = status("--home", str(elsewhere))

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "HINT: --home" in result.stderr
    assert not elsewhere.exists()


def test_with_an_external_state_database_the_environment_names_the_document(
    status: Status, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOBAN_DESIGN", str(tmp_path / "受付.md"))

    result = status("--home", str(tmp_path / "elsewhere"), "--format", "json")

    assert result.exit_code == 0
    assert json.loads(result.stdout)["document"] == str(tmp_path / "受付.md")


def test_rows_that_ask_nothing_of_anybody_are_left_out_unless_all_are_shown(status: Status) -> None:
    say_of(CPU, Verdict.NOT_DUE, reason="まだ予定の時刻が来ていません")
    say_of("routine/routine/ログ確認", Verdict.DECLARED, reason="まだ実行も測定もしません")

    assert "まだ予定の時刻が来ていません" not in status().stdout
    whole = status("--all").stdout
    assert "◇ 期限前" in whole
    assert "– 宣言のみ" in whole
    assert rows(status("--format", "json"))[CPU]["verdict"] == "not-due"
