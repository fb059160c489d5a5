"""A command asks, and its order waits: an account that may no longer order by then orders nothing."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from pytest_django import Settings
from tests.integration.faces.web.ledger import planned
from tests.registered import PARTS

from toban.engine.clock import system_clock
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.first import end_access
from toban.engine.people.models import Operator, OperatorRole
from toban.faces.cli.exceptions.exceptions import command as exceptions
from toban.faces.cli.incident.incident import command as incident
from toban.faces.cli.modes.modes import command as modes
from toban.faces.cli.runs.run import command as run

pytestmark = pytest.mark.django_db

DOCUMENT = """# 運用設計書
## 6. バッチ処理
### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B004 | 集計 | 日次 | 1:00 | 集計 | アラート |
## 7. 障害対応
### 障害レベル
| レベル | 定義 | 初動対応時間 | 復旧目標 |
|---|---|---|---|
| 重大 | 全停止 | 15分以内 | 4時間以内 |
"""
BINDINGS = '[batches.B004]\ncommand = ["sum"]\nmode = "shadow"\n'
SOON = f"{system_clock() + timedelta(days=30):%Y-%m-%d}"
AS = ("--as", "nami")
ORDERS: Mapping[str, tuple[click.Command, tuple[str, ...]]] = {
    "run": (run, ("B004", *AS, "--yes")),
    "skip": (run, ("B004", "--skip", "祝日", *AS, "--yes")),
    "mode": (modes, ("set", "schedule/B004", "act", "--reason", "比べた", *AS, "--yes")),
    "incident": (incident, ("declare", "注文できない", "--level", "重大", *AS, "--yes")),
    "exception": (exceptions, ("request", ":6", "--until", SOON, "--reason", "工事", *AS)),
}


@pytest.fixture(autouse=True)
def nami(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Operator:
    (tmp_path / "運用設計書.md").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "toban.toml").write_text(BINDINGS, encoding="utf-8")
    monkeypatch.setenv("TOBAN_DESIGN", str(tmp_path / "運用設計書.md"))
    monkeypatch.setenv("TOBAN_BINDINGS", str(tmp_path / "toban.toml"))
    settings.HOME = tmp_path / "home"
    settings.PARTS = PARTS
    planned("B004", next_due=system_clock() + timedelta(hours=1))
    return Operator.objects.create_user("nami", operator_role=OperatorRole.MANAGER)


def locked(account: Operator) -> None:
    account.is_active = False
    end_access(account)


def locked_out(account: Operator) -> None:
    end_access(account)


def demoted(account: Operator) -> None:
    account.operator_role = OperatorRole.VIEWER


def given(order: str) -> Result:
    command, arguments = ORDERS[order]
    return CliRunner().invoke(command, arguments, obj=PARTS)


@pytest.mark.parametrize("lose", [locked, locked_out, demoted])
@pytest.mark.parametrize("order", ORDERS)
def test_whoever_loses_access_while_an_order_waits_gives_none(
    order: str, lose: Callable[[Operator], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = ledger.hold

    def late() -> None:
        account = Operator.objects.get(username="nami")
        lose(account)
        account.save()
        hold()

    with monkeypatch.context() as waiting:
        waiting.setattr(ledger, "hold", late)
        answer = given(order)

    assert answer.exit_code == 1, answer.output
    assert "指示が実行される前に" in answer.stderr
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("order", ORDERS)
def test_whoever_keeps_it_gives_the_order(order: str) -> None:
    answer = given(order)

    assert answer.exit_code == 0, answer.output
    assert LedgerEntry.objects.filter(kind="audit").exists()
