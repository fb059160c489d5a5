"""A real `toban worker` runs a batch ordered by `toban run`; `toban runs` and `toban why` report on it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.forking import Python, run

pytestmark = pytest.mark.slow

DESIGN = """\
# 受付の運用設計書

## 6. バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---------|---------|--------------|---------|---------|------------|
| B001 | 集計 | 月次 | 月末23:00 | 集計 | 再実行、アラート |
| B002 | 掃除 | 月次 | 月末23:10 | 掃除 | 手動再実行 |
| B003 | 請求 | 月次 | 月末23:20 | 請求 | 手動再実行 |
| B004 | 照合 | 月次 | 月末23:30 | 照合 | 手動再実行 |
| B005 | 切替 | 月次 | 月末23:40 | 切替 | 手動再実行 |
| B006 | 後始末 | 月次 | 月末23:50 | 後始末 | 手動再実行 |
| B007 | 棚卸し | 月次 | 月末25:75 | 棚卸し | 手動再実行 |
"""
BINDINGS = """\
[batches.B001]
command = ["sh", "-c", "echo began $$; while [ ! -e go ]; do sleep 0.1; done; echo $BATCH_DAY >> done"]

[batches.B004]
command = ["sleep", "600"]
timeout = "1秒"

[batches.B002]
command = ["sh", "-c", "echo 書けません; exit 3"]

[batches.B005]
command = ["sh", "-c", "echo 切り替えました"]
approval = "運用責任者"

[people."運用責任者"]
account = "nami"

[batches.B006]
command = ["true"]
depends_on = ["B002"]
"""


@dataclass
class Toban:
    """A Toban in a folder, with its worker and its commands."""

    folder: Path
    workers: list[Python] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "TOBAN_HOME": str(self.folder),
            "TOBAN_STATE_URL": f"sqlite:///{self.folder}/state.sqlite3",
            "TOBAN_DESIGN": str(self.folder / "運用設計書.md"),
            "TOBAN_BINDINGS": str(self.folder / "toban.toml"),
            # Nothing listens there: batches need no telemetry.
            "TOBAN_TELEMETRY_URL": "http://toban:secret@127.0.0.1:9/toban",
        }

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run(["-m", "toban", *arguments], env=self.environment)

    def give_accounts(self, *names: str) -> None:
        """Create accounts of developers."""
        made = "import django; django.setup(); from toban.engine.people.models import Operator; "
        made += f"[Operator.objects.create_user(name, operator_role='developer') for name in {names}]"
        environment = {**self.environment, "DJANGO_SETTINGS_MODULE": "toban.settings"}
        run(["-c", made], env=environment, check=True)

    def start(self) -> Python:
        worker = Python(["-m", "toban", "worker"], env=self.environment, stdout=subprocess.DEVNULL)
        self.workers.append(worker)
        return worker

    def runs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.call("runs", "--format", "json").stdout)
        return found

    def until(self, question: Callable[[], bool]) -> None:
        """Wait until *question* returns true; the limit only matters if a worker is broken."""
        for _ in range(120):
            if question():
                return
            time.sleep(0.3)
        pytest.fail(f"not within its time: {self.runs()}")

    def until_known(self, batch: str) -> None:
        self.until(
            lambda: self.call("why", batch).returncode == 0 and "次回" in self.call("why", "B001").stdout
        )


@pytest.fixture
def toban(tmp_path: Path) -> Iterator[Toban]:
    (tmp_path / "運用設計書.md").write_text(DESIGN)
    (tmp_path / "toban.toml").write_text(BINDINGS)
    made = Toban(tmp_path)
    assert made.call("prepare").returncode == 0
    yield made
    for worker in made.workers:
        if worker.poll() is None:
            worker.kill()
        worker.wait()


def shell(toban: Toban) -> int | None:
    """Return the process id of the shell that currently runs the batch."""
    with suppress(psutil.NoSuchProcess):
        for process in psutil.Process(toban.workers[-1].pid).children(recursive=True):
            if process.name() == "sh":
                return process.pid
    return None


def test_an_ordered_batch_runs_and_a_killed_worker_loses_nothing(toban: Toban) -> None:
    first = toban.start()
    toban.until(lambda: toban.call("run", "B001", "--yes", "--set", "day=sunday").returncode == 0)
    toban.until(lambda: shell(toban) is not None)
    command = shell(toban)

    first.send_signal(signal.SIGKILL)
    first.wait()
    assert command is not None
    toban.until(lambda: not psutil.pid_exists(command))
    toban.start()
    toban.until(lambda: shell(toban) is not None)
    (toban.folder / "go").touch()
    toban.until(lambda: toban.runs()[0]["state"] == "done")

    assert (toban.folder / "done").read_text() == "sunday\n"
    told = toban.call("why", "B001").stdout
    assert "予定 月次 月末23:00 (Asia/Tokyo)" in told
    assert "● 成功" in told
    assert "| began" in told


@pytest.mark.slow
def test_a_stopped_worker_releases_its_run_at_once(toban: Toban) -> None:
    first = toban.start()
    toban.until(lambda: toban.call("run", "B001", "--yes").returncode == 0)
    toban.until(lambda: shell(toban) is not None)

    first.terminate()
    first.wait()

    (run,) = toban.runs()
    assert (run["state"], run["reason"], run["failures"]) == ("waiting", "stopped", 0)


@pytest.mark.slow
def test_a_failure_is_reported_with_the_output_of_the_command(toban: Toban) -> None:
    toban.start()
    toban.until(lambda: toban.call("run", "B002", "--yes").returncode == 0)

    toban.until(lambda: "終了コード 3" in toban.call("why", "B002").stdout)

    told = toban.call("why", "B002").stdout
    assert "■ 失敗" in told
    assert "| 書けません" in told


@pytest.mark.slow
def test_a_batch_that_takes_too_long_is_stopped_and_fails(toban: Toban) -> None:
    toban.start()
    toban.until(lambda: toban.call("run", "B004", "--yes").returncode == 0)

    toban.until(lambda: toban.runs()[0]["state"] == "failed")

    (run,) = toban.runs()
    assert (run["reason"], run["note"]["text"]) == ("timed-out", "command: 制限時間 1 秒を過ぎました")
    assert "制限時間を超過" in toban.call("why", "B004").stdout


@pytest.mark.slow
def test_a_running_batch_can_be_cancelled_and_resumed(toban: Toban) -> None:
    toban.start()
    toban.until(lambda: toban.call("run", "B001", "--yes").returncode == 0)
    toban.until(lambda: shell(toban) is not None)
    command = shell(toban)

    assert toban.call("run", "B001", "--cancel", "--yes").returncode == 0

    toban.until(lambda: toban.runs()[0]["state"] == "cancelled")
    assert command is not None
    toban.until(lambda: not psutil.pid_exists(command))
    (toban.folder / "go").touch()
    assert toban.call("run", "B001", "--again", str(toban.runs()[0]["run"]), "--yes").returncode == 0
    toban.until(lambda: toban.runs()[0]["state"] == "done")


@pytest.mark.slow
def test_the_next_due_time_is_skipped_with_a_reason(toban: Toban) -> None:
    toban.start()
    toban.until(lambda: toban.call("run", "B001", "--skip", "棚卸し", "--yes").returncode == 0)

    (run,) = toban.runs()

    assert run["state"] == "skipped"
    assert "棚卸し" in str(run["note"])


@pytest.mark.slow
def test_why_explains_an_unbound_batch(toban: Toban) -> None:
    toban.start()
    toban.until_known("B003")

    told = toban.call("why", "B003").stdout
    refused = toban.call("run", "B003", "--yes")

    assert "運用設計書.md:10" in told
    assert "いまは実行されません" in told
    assert "[batches.B003]" in told
    assert refused.returncode == 1
    assert "B001" in refused.stderr


@pytest.mark.slow
def test_why_explains_a_batch_whose_row_cannot_be_read(toban: Toban) -> None:
    toban.start()
    toban.until_known("B001")

    told = toban.call("why", "B007")

    assert told.returncode == 0
    assert "運用設計書.md:14" in told.stdout
    assert "いまは実行されません: 文書のこの行を読めませんでした: " in told.stdout
    assert "月末25:75" in told.stdout


@pytest.mark.slow
def test_an_unknown_batch_is_answered_with_the_known_ones(toban: Toban) -> None:
    toban.start()
    toban.until_known("B001")

    told = toban.call("why", "B099")

    assert told.returncode == 1
    assert "「B099」というアラート、行、バッチはありません" in told.stderr
    assert "文書のバッチ: B001、B002、B003" in told.stderr


@pytest.mark.slow
def test_a_run_waits_for_approval_and_then_continues(toban: Toban) -> None:
    toban.give_accounts("nami", "ken")
    toban.start()
    toban.until_known("B005")
    unknown = toban.call("run", "B005", "--yes")
    toban.until(lambda: toban.call("run", "B005", "--as", "ken", "--yes").returncode == 0)
    toban.until(lambda: toban.runs()[0]["reason"] == "awaiting-approval")
    run = str(toban.runs()[0]["run"])

    why = toban.call("why", "B005").stdout
    wrong = toban.call("run", "B001", "--approve", run, "--as", "nami", "--yes")
    unreasoned = toban.call("run", "B005", "--refuse", run, "--as", "nami", "--yes")
    own = toban.call("run", "B005", "--approve", run, "--as", "ken", "--yes")
    nobody = toban.call("run", "B005", "--approve", run, "--yes")
    yes = ("--reason", "確認済み", "--yes", "--follow")
    approved = toban.call("run", "B005", "--approve", run, "--as", "nami", *yes)

    assert "だれが依頼したかが分からなければ" in unknown.stderr
    assert (own.returncode, nobody.returncode) == (1, 1)
    assert "自分が依頼したこと" in own.stderr
    assert "だれとして承認するか" in nobody.stderr
    assert f"運用責任者の承認を待っています。進めるには toban run B005 --approve {run}" in why
    assert (wrong.returncode, unreasoned.returncode) == (1, 2)
    assert approved.returncode == 0
    assert "| 切り替えました" in approved.stdout
    assert "切り替えました" in toban.call("runs", "--log", run).stdout


@pytest.mark.slow
def test_a_refused_run_ends_with_the_reason(toban: Toban) -> None:
    toban.give_accounts("nami", "ken")
    toban.start()
    toban.until(lambda: toban.call("run", "B005", "--as", "ken", "--yes").returncode == 0)
    toban.until(lambda: toban.runs()[0]["reason"] == "awaiting-approval")
    run = str(toban.runs()[0]["run"])

    refused = toban.call(
        "run", "B005", "--refuse", run, "--as", "nami", "--reason", "凍結中", "--yes", "--follow"
    )

    assert refused.returncode == 3
    (ended,) = toban.runs()
    assert (ended["state"], ended["reason"]) == ("cancelled", "refused")
    assert "凍結中" in str(ended["note"])


@pytest.mark.slow
def test_a_run_says_which_other_batch_it_waits_for(toban: Toban) -> None:
    toban.start()
    toban.until(lambda: toban.call("run", "B002", "--yes", "--follow").returncode == 3)

    assert toban.call("run", "B006", "--yes").returncode == 0

    toban.until(
        lambda: "先に成功すべき B002: 実行 1 は失敗 (toban why B002)" in toban.call("why", "B006").stdout
    )


@pytest.mark.slow
def test_nothing_is_ordered_without_confirmation(toban: Toban) -> None:
    toban.start()
    toban.until(lambda: "予定 月次 月末23:00" in toban.call("why", "B001").stdout)

    answered = subprocess.run(
        [sys.executable, "-m", "toban", "run", "B001"],
        env=toban.environment, check=False, capture_output=True, text=True, input="n\n",
    )  # fmt: skip

    assert answered.returncode == 1
    assert toban.runs() == []
    assert toban.call("why", "B009").returncode == 1
    assert toban.call("run", "B001", "--set", "日=1").returncode == 2
