"""The page of automatic acts: their modes, what was only recorded, and the move to another mode."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from tests.integration.faces.web.conftest import Fixed, SignIn
from tests.registered import PARTS

from toban.design.reader import read_design
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence import status
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.modes.models import ModeSetting
from toban.engine.modes.rules import Mode, word
from toban.engine.people.models import OperatorRole
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.rules import RunReason
from toban.message import Message, plain

DOCUMENT = """# 運用設計書
## 6. バッチ処理
### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B005 | 切替 | 月次 | 月末23:40 | 切替 | アラート |
| B006 | 消去 | 日次 | 1:00 | 消去 | アラート |
"""
BINDINGS = """[batches.B005]
command = ["switch"]
mode = "shadow"
[batches.B006]
command = ["erase"]
mode = "shadow"
irreversible = true
"""


@pytest.fixture(autouse=True)
def shadow(in_force: Fixed) -> Run:
    bindings = read_bindings(BINDINGS, Path("toban.toml"), PARTS.schema)
    in_force.edition = Edition(read_design(DOCUMENT, "運用設計書.md"), bindings, PARTS.kinds)
    due = system_clock() - timedelta(hours=1)
    PlannedWork.objects.create(
        key="B005", clause_id="batch/batch/B005", rule="", timing="月末23:40", planned_until=due
    )
    return Run.objects.create(
        work="B005", due_at=due, clause_id="batch/batch/B005", document_digest="d", ordered_by="schedule",
        state=Run.State.SHADOW, reason=RunReason.SHADOW, wake_at=due, ended_at=due,
        note=Message("runs.would-have-run", bound='command = ["switch"]'),
    )  # fmt: skip


def page(client: Client, address: str = "/modes/") -> str:
    return client.get(address).content.decode()


def form(client: Client, act: str, mode: str) -> dict[str, str]:
    """Return the page's form for *act*, but for the reason."""
    found = re.search(
        rf'name="act" value="{act}"><input type="hidden" name="shown" value="(\w+)"', page(client)
    )
    assert found is not None
    return {"act": act, "shown": found[1], "mode": mode}


def test_the_page_shows_the_modes_and_what_would_have_run(viewer: Client, shadow: Run) -> None:
    text = page(viewer)

    assert "B005 を予定どおり実行" in text
    assert text.count("<b>試行 (シャドー)</b>") == 2
    assert "実行したはずのもの: command = [&quot;switch&quot;]" in text
    assert f'href="/runs/{shadow.pk}"' in text
    assert 'name="mode"' not in text


def test_the_batchs_own_page_shows_its_mode_and_the_run_as_shadow(viewer: Client) -> None:
    text = page(viewer, "/batches/B005")

    assert 'href="/modes/#schedule/B005"' in text
    assert "試行（シャドー）" in text
    assert "試行のため、実行せずに記録した" in text


def test_the_first_screen_says_how_much_is_in_shadow(viewer: Client, in_force: Fixed) -> None:
    assert in_force.edition is not None
    now, row = system_clock(), "batch/batch/B005"
    shown = StatusUpdate(row, Verdict.NOT_MEASURABLE, word(Mode.SHADOW), plain("in shadow"), now)
    status.show([shown], now, in_force.edition.design.digest)

    text = page(viewer, "/")

    assert 'href="/modes/"' in text
    assert "試行中" in text


def test_a_developer_moves_an_act_on_with_a_reason(sign_in: SignIn) -> None:
    developer = sign_in(OperatorRole.DEVELOPER)
    shown = form(developer, "schedule/B005", "act")

    unreasoned = developer.post("/modes/", shown)
    moved = developer.post("/modes/", shown | {"reason": "一週間比べた"}, follow=True).content.decode()

    assert unreasoned.status_code == 409
    assert "<b>自動実行</b>" in moved
    assert "一週間比べた" in moved
    assert ModeSetting.objects.get().by == "developer"


def test_what_can_not_be_undone_leads_to_the_request_for_approval(sign_in: SignIn) -> None:
    developer = sign_in(OperatorRole.DEVELOPER)

    asked = developer.post("/modes/", form(developer, "schedule/B006", "act") | {"reason": "比べた"})

    request = ApprovalRequest.objects.get()
    assert asked.headers["Location"] == f"/approvals/{request.pk}"
    assert "自動実行にする" in page(developer, f"/approvals/{request.pk}")
    assert not ModeSetting.objects.exists()


def test_an_old_form_moves_nothing_after_somebody_else_has(sign_in: SignIn) -> None:
    developer = sign_in(OperatorRole.DEVELOPER)
    old = form(developer, "schedule/B005", "act") | {"reason": "一週間比べた"}
    developer.post("/modes/", form(developer, "schedule/B005", "ask") | {"reason": "先に聞く"})

    refused = developer.post("/modes/", old)

    assert refused.status_code == 409
    assert "表示したときから" in refused.content.decode()
    assert ModeSetting.objects.get().mode == "ask"


def test_a_viewer_moves_nothing(viewer: Client) -> None:
    refused = viewer.post("/modes/", {"act": "schedule/B005", "mode": "act", "reason": "x"})

    assert refused.status_code == 403
    assert not ModeSetting.objects.exists()


def test_what_runs_is_folded_away_if_it_is_long(in_force: Fixed, sign_in: SignIn) -> None:
    long = " ".join(f"word{number}" for number in range(40))
    bindings = read_bindings(
        BINDINGS.replace('"switch"', f'"switch", "{long}"'), Path("toban.toml"), PARTS.schema
    )
    in_force.edition = Edition(read_design(DOCUMENT, "運用設計書.md"), bindings, PARTS.kinds)

    text = page(sign_in(OperatorRole.DEVELOPER))

    assert text.count('<details class="note">') == 1
    assert 'class="note">command = [&quot;erase&quot;]' in text
