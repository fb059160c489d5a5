"""A command's output as lines, and its arguments and environment."""

import sys
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from toban.engine.runs.commands.command import MOST_BYTES, LineSplitter, LocalCommand, tell
from toban.engine.runs.rules import HostState, RunReason
from toban.engine.runs.work import StepFailed
from toban.message import NOTHING, Message


@dataclass
class FakeTurn:
    """A turn that records what is logged."""

    run_id: int = 7
    due_at: datetime = datetime(2026, 4, 1, 4, tzinfo=UTC)
    parameters: Mapping[str, str] = field(default_factory=dict)
    results: Mapping[str, object] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    progressed: list[tuple[float | None, str]] = field(default_factory=list)
    stop: RunReason | None = None
    stop_after: str = ""

    def say(self, text: Message | str) -> None:
        self.said += str(text).splitlines()
        if self.stop_after and self.stop_after in str(text):
            self.stop = RunReason.CANCELLED

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        self.progressed.append((percent, str(text)))

    def finished_hosts(self) -> Collection[str]:
        return ()

    def on_host(self, name: str, state: HostState, note: Message = NOTHING) -> None:
        """Ignore hosts."""

    def why_stop(self) -> RunReason | None:
        return self.stop


def python(code: str) -> LocalCommand:
    return LocalCommand((sys.executable, "-c", code), Path.cwd())


def test_pieces_of_output_become_complete_lines() -> None:
    lines = LineSplitter()

    assert list(lines.take("一行目\n二".encode()[:-1])) == ["一行目"]
    assert list(lines.take("二".encode()[-1:] + b"\r\n")) == ["二"]
    assert list(lines.end()) == []


def test_the_line_at_the_limit_is_stored_and_the_next_is_only_counted() -> None:
    lines = LineSplitter()
    line = b"x" * 63 + b"\n"
    fitting = MOST_BYTES // len(line)

    assert len(lines.take(line * (fitting + 1))) == fitting
    assert list(lines.end()) == [Message("runs.lines-not-kept", count=1)]


def test_output_of_exactly_the_limit_leaves_nothing_out() -> None:
    lines = LineSplitter()

    assert len(lines.take(b"\n" * MOST_BYTES)) == MOST_BYTES
    assert list(lines.end()) == []


def test_a_command_gets_its_run_and_parameters_and_its_output_is_recorded() -> None:
    turn = FakeTurn(parameters={"date": "2026-03-31"})
    code = "import os; print(*(os.environ['BATCH_' + n] for n in ('RUN', 'DUE_AT', 'DATE')))"

    result = python(code)(turn)

    assert result == {"status": 0}
    assert turn.said == ["7 2026-04-01T04:00:00+00:00 2026-03-31"]


def test_a_status_that_is_not_zero_is_a_failure_with_its_number() -> None:
    with pytest.raises(StepFailed, match="終了コード 3") as failed:
        python("raise SystemExit(3)")(FakeTurn())

    assert failed.value.reason is RunReason.FAILED


def test_a_signal_is_named() -> None:
    with pytest.raises(StepFailed, match="シグナル 11"):
        python("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")(FakeTurn())


def test_a_missing_command_is_not_retried() -> None:
    turn = FakeTurn()

    with pytest.raises(StepFailed, match="no-such-program") as failed:
        LocalCommand(("no-such-program",), Path.cwd())(turn)

    assert failed.value.reason is RunReason.NOT_RUNNABLE
    assert turn.said == ["no-such-program: No such file or directory"]


@pytest.mark.parametrize(
    ("command", "said", "reason"),
    [
        (("no-such-program",), "「no-such-program」を起動できません", RunReason.NOT_RUNNABLE),
        (("/etc/hostname",), "「/etc/hostname」を起動できません", RunReason.NOT_RUNNABLE),
        # The shell was started: it found no such command.
        (
            ("sh", "-c", "no-such-program"),
            "終了コード 127: 「sh」か、その中で実行するコマンドが見つかりません",
            RunReason.NOT_RUNNABLE,
        ),
        (("sh", "-c", "exit 3"), "終了コード 3 で終わりました", RunReason.FAILED),
        (("sh", "-c", "kill -SEGV $$"), "シグナル 11 で終わりました", RunReason.FAILED),
        (("sh", "-c", "kill -USR2 $$"), "シグナル 12 で終わりました", RunReason.FAILED),
    ],
)
def test_each_way_to_fail_is_told_by_what_happened(
    command: tuple[str, ...], said: str, reason: RunReason
) -> None:
    with pytest.raises(StepFailed) as failed:
        LocalCommand(command, Path.cwd())(FakeTurn())

    assert (str(failed.value), failed.value.reason) == (said, reason)


def test_a_folder_that_is_not_there_is_told_as_that() -> None:
    with pytest.raises(StepFailed, match="/no/such/folder") as failed:
        LocalCommand(("true",), Path("/no/such/folder"))(FakeTurn())

    assert failed.value.reason is RunReason.NOT_RUNNABLE


def test_a_stopped_command_takes_its_children_with_it() -> None:
    # The shell starts a child that would outlive it, and prints its process id.
    turn = FakeTurn(stop_after="child")
    command = LocalCommand(("sh", "-c", "sleep 600 & echo child $!; wait"), Path.cwd())

    with pytest.raises(StepFailed) as failed:
        command(turn)

    child = int(turn.said[0].split()[1])
    assert failed.value.reason is RunReason.CANCELLED
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_a_child_left_behind_does_not_delay_the_run() -> None:
    turn = FakeTurn()

    LocalCommand(("sh", "-c", "sleep 600 & echo done"), Path.cwd())(turn)

    assert turn.said == ["done"]


def test_commands_of_two_threads_are_independent() -> None:
    first, second = FakeTurn(), FakeTurn()
    threads = [
        threading.Thread(target=python(f"import time; time.sleep({wait}); print('end')"), args=(turn,))
        for turn, wait in ((first, 0), (second, 0.5))
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (first.said, second.said) == (["end"], ["end"])


def test_a_command_does_not_get_tobans_own_environment_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOBAN_STATE_URL", "postgresql://toban:secret@127.0.0.1/toban")
    monkeypatch.setenv("SHOP_DATABASE_URL", "postgresql://shop@127.0.0.1/shop")
    code = "import os; print(sorted(name for name in os.environ if name.startswith(('TOBAN_', 'SHOP_'))))"
    turn = FakeTurn()

    python(code)(turn)

    assert turn.said == ["['SHOP_DATABASE_URL']"]


def test_a_line_of_progress_is_the_progress_of_the_step_and_not_its_output() -> None:
    turn = FakeTurn()

    python("print('a'); print('::progress 40 12,000 / 30,000 行'); print('::progress 99.5%'); print('b')")(
        turn
    )

    assert turn.progressed == [(40.0, "12,000 / 30,000 行"), (99.5, "")]
    assert turn.said == ["a", "b"]


@pytest.mark.parametrize(
    "line", ["::progress", "::progress half", "::progress 101", "::progress 5 a\0b", " ::progress 5"]
)
def test_a_line_that_only_looks_like_progress_is_output(line: str) -> None:
    turn = FakeTurn()

    tell(turn, [line], None)

    assert turn.progressed == []
    assert turn.said != []


def test_a_fenced_worker_reports_no_progress() -> None:
    turn = FakeTurn()

    tell(turn, ["::progress 40"], RunReason.FENCED)

    assert turn.progressed == []
