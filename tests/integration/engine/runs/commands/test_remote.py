"""Commands on another host, with a real sshd and with asyncssh's server."""

import hashlib
import socket
import subprocess
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from tests.integration.remote_host import RemoteHost, new_public_key, serving
from tests.ports import free_port

from toban.engine.bindings.secret import Secret
from toban.engine.runs.commands.command import MOST_BYTES
from toban.engine.runs.commands.filling import ParameterizedCommand
from toban.engine.runs.commands.hosts import OnHosts
from toban.engine.runs.commands.remote import RemoteCommand
from toban.engine.runs.rules import HostState, RunReason
from toban.engine.runs.work import StepFailed
from toban.engine.ssh.connect import command_line, environment_lines
from toban.engine.ssh.host import SshHost
from toban.message import NOTHING, Message


@dataclass
class FakeTurn:
    """A turn that records what is logged, and can stop the run after a given word."""

    run_id: int = 7
    due_at: datetime = datetime(2026, 4, 1, 4, tzinfo=UTC)
    parameters: Mapping[str, str] = field(default_factory=dict)
    results: Mapping[str, object] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    stop: RunReason | None = None
    stop_after: str = "\0"
    reason: RunReason = RunReason.CANCELLED

    def say(self, text: Message | str) -> None:
        self.said += str(text).splitlines()
        if self.stop_after in str(text):
            self.stop = self.reason

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        """Ignore the progress: a command reports none of its own."""

    def finished_hosts(self) -> Collection[str]:
        return ()

    def on_host(self, name: str, state: HostState, note: Message = NOTHING) -> None:
        """Ignore hosts."""

    def why_stop(self) -> RunReason | None:
        return self.stop


@dataclass
class SlowTurn(FakeTurn):
    """A turn whose log takes its time, as on a busy machine; it counts the seconds."""

    ended_after: float = 0

    def say(self, text: Message | str) -> None:
        self.said += str(text).splitlines()
        time.sleep(0.12)
        self.ended_after += 0.12


@pytest.fixture(scope="module", params=["openssh", "asyncssh"])
def remote(request: pytest.FixtureRequest) -> Iterator[RemoteHost]:
    with serving(request.param) as running:
        yield running


def shell(remote: RemoteHost, script: str, *arguments: str) -> RemoteCommand:
    return RemoteCommand(remote.host(), ("sh", "-c", script, "sh", *arguments))


def failure(command: RemoteCommand, turn: FakeTurn | None = None) -> tuple[str, RunReason]:
    with pytest.raises(StepFailed) as failed:
        command(turn or FakeTurn())
    return str(failed.value), failed.value.reason


def test_arguments_and_environment_arrive_as_they_were_written(remote: RemoteHost) -> None:
    turn = FakeTurn(parameters={"note": 'it\'s $HOME; `date` "x" 日本'})
    arguments = ("two words", "$HOME", "'", "日本", "", "-n; exit 9")

    result = shell(
        remote, 'printf "[%s]" "$@"; echo; echo "$BATCH_RUN $BATCH_DUE_AT $BATCH_NOTE"', *arguments
    )(turn)

    assert result == {"status": 0}
    assert turn.said == [
        "[two words][$HOME]['][日本][][-n; exit 9]",
        '7 2026-04-01T04:00:00+00:00 it\'s $HOME; `date` "x" 日本',
    ]


def test_a_secret_arrives_and_appears_in_no_list_of_processes(remote: RemoteHost) -> None:
    value, seen, ended = "it's two\nlines: 秘密 $HOME", set[str](), threading.Event()
    (remote.folder / "secret").write_text(value)
    turn = FakeTurn(parameters={"key": "payment"})
    script = 'printf %s "$BATCH_KEY" | sha256sum; sleep 0.3; cat; echo "input over"'
    command = ParameterizedCommand(
        ("sh", "-c", script),
        lambda arguments: RemoteCommand(remote.host(), arguments),
        frozenset({"key"}),
        {"key": {"payment": Secret(f"file:{remote.folder}/secret")}},
    )
    watching = threading.Thread(target=_watch_processes, args=(seen, ended))
    watching.start()

    result = command(turn)

    ended.set()
    watching.join()
    assert result == {"status": 0}
    assert turn.said == [f"{hashlib.sha256(value.encode()).hexdigest()}  -", "input over"]
    assert any("sha256sum" in each for each in seen)
    assert not any("lines: 秘密" in each for each in seen)


def _watch_processes(seen: set[str], ended: threading.Event) -> None:
    while not ended.wait(0.01):
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                seen.add(" ".join(process.cmdline()))


def test_a_command_does_not_start_with_a_part_of_its_environment() -> None:
    told = environment_lines({"BATCH_A": "1", "BATCH_B": "2"})
    line = ["sh", "-c", command_line(("echo", "started"))]

    for length in range(len(told)):
        cut = subprocess.run(line, input=told[:length], capture_output=True, check=False)
        assert b"started" not in cut.stdout
    assert subprocess.run(line, input=told, capture_output=True, check=True).stdout == b"started\n"


def test_a_command_on_two_hosts_runs_on_each_with_its_own_log(remote: RemoteHost) -> None:
    turn = FakeTurn()
    command = ("echo", "done")
    acts = {
        name: RemoteCommand(remote.host(name=name, known_hosts=None, host_key=remote.host_key), command)
        for name in ("127.0.0.1", "localhost")
    }

    result = OnHosts(acts, 2, goes_on=False)(turn)

    assert str(result) == "127.0.0.1、localhost で成功"
    assert set(turn.said) == {"127.0.0.1: done", "localhost: done"}


@pytest.mark.parametrize("why", [RunReason.CANCELLED, RunReason.TIMED_OUT, RunReason.STOPPED])
def test_both_outputs_are_recorded_until_the_command_is_stopped(remote: RemoteHost, why: RunReason) -> None:
    turn = FakeTurn(stop_after="begun", reason=why)

    message, reason = failure(
        shell(remote, "trap 'echo bye; exit' TERM; echo begun >&2; sleep 600 & wait"), turn
    )

    assert turn.said == ["begun", "bye"]
    assert (message, reason) == ("途中で止めました", why)


def test_a_replaced_worker_ends_its_command_and_logs_no_more(remote: RemoteHost) -> None:
    turn = FakeTurn(stop_after="begun", reason=RunReason.FENCED)

    _, reason = failure(shell(remote, "trap 'echo bye; exit' TERM; echo begun; sleep 600 & wait"), turn)

    assert turn.said == ["begun"]
    assert reason is RunReason.FENCED


def test_an_exit_status_a_signal_and_a_missing_command_are_distinguished(remote: RemoteHost) -> None:
    assert failure(shell(remote, "exit 3")) == ("終了コード 3 で終わりました", RunReason.FAILED)
    assert failure(shell(remote, "kill -SEGV $$")) == ("シグナル SEGV で終わりました", RunReason.FAILED)
    missing = RemoteCommand(remote.host(), ("no-such-program",))
    assert failure(missing) == ("「no-such-program」を起動できません", RunReason.NOT_RUNNABLE)
    not_executable = RemoteCommand(remote.host(), ("/etc/hostname",))
    assert failure(not_executable)[1] is RunReason.NOT_RUNNABLE


def test_a_command_that_ignores_the_stop_request_is_killed(remote: RemoteHost) -> None:
    turn = FakeTurn(stop_after="deaf")

    message, reason = failure(shell(remote, "trap '' TERM; echo deaf; while :; do sleep 0.1; done"), turn)

    assert (message, reason) == ("途中で止めました", RunReason.CANCELLED)


def test_a_stopped_command_has_ended_on_the_remote_host(remote: RemoteHost) -> None:
    path = remote.folder / "beats"
    path.touch()
    path.chmod(0o666)
    turn = FakeTurn(stop_after="begun")

    failure(shell(remote, 'echo begun; while :; do echo >>"$1"; sleep 0.05; done', str(path)), turn)

    beats = path.stat().st_size
    time.sleep(0.5)
    assert path.stat().st_size == beats


def test_endless_output_is_bounded_and_the_command_completes(remote: RemoteHost) -> None:
    turn = FakeTurn()

    result = shell(remote, "yes 0123456789012345678901234567890123456789 | head -c 20000000")(turn)

    assert result == {"status": 0}
    assert len(turn.said) == MOST_BYTES // 41 + 1
    assert turn.said[-1].startswith("… ほか 78,60")


# The asyncssh server used here waits for the end of the output itself.
@pytest.mark.parametrize("remote", ["openssh"], indirect=True)
def test_output_that_takes_long_to_arrive_after_the_end_is_read_to_its_end(remote: RemoteHost) -> None:
    turn = SlowTurn()
    script = "head -c 2400000 /dev/zero | tr '\\0' '\\n'; echo last"

    assert shell(remote, script)(turn) == {"status": 0}

    assert turn.said[-1] == "last"
    assert turn.ended_after > 4  # longer than an end is waited for


def test_a_lost_connection_is_a_failure_that_says_the_command_may_still_run(remote: RemoteHost) -> None:
    turn = FakeTurn(stop_after="\0")
    cutting = threading.Thread(target=_cut_after, args=(remote, turn))
    cutting.start()

    message, reason = failure(shell(remote, "echo begun; sleep 8"), turn)

    cutting.join()
    assert "切れました" in message
    assert "相手では続いているかもしれません" in message
    assert reason is RunReason.FAILED


def _cut_after(remote: RemoteHost, turn: FakeTurn) -> None:
    until = time.monotonic() + 20
    while not turn.said and time.monotonic() < until:
        time.sleep(0.05)
    remote.drop()


# The asyncssh server used here waits for the end of the output itself.
@pytest.mark.parametrize("remote", ["openssh"], indirect=True)
def test_a_background_child_that_keeps_writing_does_not_delay_the_run(remote: RemoteHost) -> None:
    turn = FakeTurn()
    script = "(while :; do echo still here; sleep 0.1; done) & echo $!"

    assert shell(remote, script)(turn) == {"status": 0}

    assert turn.said[-1].startswith("コマンドは終わりましたが、出力がまだ続くので")
    # The child may write before its process id is printed.
    psutil.Process(int(next(line for line in turn.said if line.isdecimal()))).kill()


@pytest.mark.parametrize("remote", ["openssh"], indirect=True)
def test_a_process_left_in_the_background_does_not_delay_the_run(remote: RemoteHost) -> None:
    turn = FakeTurn()

    assert shell(remote, "sleep 600 & echo $!")(turn) == {"status": 0}

    assert psutil.pid_exists(int(turn.said[0]))
    psutil.Process(int(turn.said[0])).kill()


def test_a_pinned_host_key_is_enough(remote: RemoteHost) -> None:
    host = remote.host(known_hosts=None, host_key=remote.host_key)

    assert RemoteCommand(host, ("true",))(FakeTurn()) == {"status": 0}


@pytest.mark.parametrize("way", ["known_hosts", "host_key"])
def test_a_changed_host_key_is_refused_and_shown(remote: RemoteHost, way: str) -> None:
    other = new_public_key()
    more = {"known_hosts": remote.write_known_hosts(other)} if way == "known_hosts" else {
        "known_hosts": None, "host_key": other,
    }  # fmt: skip

    message, reason = failure(RemoteCommand(remote.host(**more), ("true",)))

    assert "ホスト鍵が" in message
    assert "と違います" in message
    assert "SHA256:" in message
    assert reason is RunReason.NOT_RUNNABLE


def test_an_unknown_host_is_refused(remote: RemoteHost) -> None:
    empty = remote.folder / "nobody"
    empty.write_text("")

    message, reason = failure(RemoteCommand(remote.host(known_hosts=empty), ("true",)))

    assert "にありません" in message
    assert f"ssh-keyscan -p {remote.port} 127.0.0.1" in message
    assert reason is RunReason.NOT_RUNNABLE


def test_a_rejected_key_is_named_by_its_place(remote: RemoteHost) -> None:
    # The host's own key is valid, but it belongs to nobody who may log in.
    stranger = remote.host(key=Secret(f"file:{remote.folder}/host"))

    message, reason = failure(RemoteCommand(stranger, ("true",)))

    assert f"鍵 file:{remote.folder}/host を受け付けません" in message
    assert "PRIVATE KEY" not in message
    assert reason is RunReason.NOT_RUNNABLE


@pytest.mark.parametrize("content", [None, "", "no key at all, but perhaps a password"])
def test_a_missing_or_invalid_key_is_named_but_its_content_never_shown(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content)
    host = SshHost(
        name="127.0.0.1", port=1, user="shop", key=Secret(f"file:{path}"), known_hosts=tmp_path / "known"
    )

    message, reason = failure(RemoteCommand(host, ("true",)))

    assert str(path) in message
    assert "password" not in message
    assert reason is RunReason.NOT_RUNNABLE


def test_a_host_that_refuses_the_connection_is_retried(remote: RemoteHost) -> None:
    message, reason = failure(RemoteCommand(remote.host(port=free_port()), ("true",)))

    assert "Connection refused" in message
    assert reason is RunReason.FAILED


def silent_listener() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.listen()
    return listener


def test_a_host_that_never_answers_is_abandoned(remote: RemoteHost) -> None:
    with silent_listener() as listener:
        host = remote.host(port=listener.getsockname()[1], connect_timeout=timedelta(seconds=0.5))

        message, reason = failure(RemoteCommand(host, ("true",)))

    assert "0.5 秒でつながりません" in message
    assert reason is RunReason.FAILED


def test_a_run_can_be_cancelled_while_it_connects(remote: RemoteHost) -> None:
    with silent_listener() as listener:
        host = remote.host(port=listener.getsockname()[1], connect_timeout=timedelta(minutes=5))

        message, reason = failure(RemoteCommand(host, ("true",)), FakeTurn(stop=RunReason.CANCELLED))

    assert (message, reason) == ("始まる前に止めました", RunReason.CANCELLED)
