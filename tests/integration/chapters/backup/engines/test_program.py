"""Programs that engines run: their output, input, stop and exit status."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import psutil
import pytest
from tests.integration.chapters.backup.engines.watching import Watching

from toban.chapters.backup.engine import BackupFailed
from toban.chapters.backup.engines.program import EngineProgram, ProgramFailed, feed, output, pieces, run


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Whatever happens to a program, none of its processes outlives it; servers of other tests do."""
    before = psutil.Process().children(recursive=True)
    yield
    left = [each for each in psutil.Process().children(recursive=True) if each not in before]
    assert left == []


def shell(script: str, **environment: str) -> EngineProgram:
    return EngineProgram(("sh", "-c", script), environment, frozenset(environment))


def test_all_output_is_returned_however_large() -> None:
    assert len(output(shell("head -c 5000000 /dev/zero"), Watching())) == 5_000_000


def test_a_failure_is_raised_instead_of_ending_the_output() -> None:
    told = pieces(shell("printf half; exit 3"), Watching())

    assert next(told) == b"half"
    with pytest.raises(ProgramFailed, match="sh が終了コード 3で終わりました") as failure:
        next(told)
    assert failure.value.status == 3


def test_a_failure_quotes_the_program_without_secrets() -> None:
    program = shell('echo "login as $WORD failed" >&2; exit 1', WORD="0pen-sesame")

    with pytest.raises(ProgramFailed, match="login as … failed"):
        run(program, Watching())


def test_a_long_error_output_is_cut_to_its_end() -> None:
    with pytest.raises(ProgramFailed) as failure:
        run(shell("seq 100000 >&2; exit 1"), Watching())

    assert str(failure.value).endswith("\n100000")
    assert len(str(failure.value)) < 1_000


def test_a_signal_is_named() -> None:
    with pytest.raises(ProgramFailed, match="シグナル 9"):
        run(shell("kill -9 $$"), Watching())


def test_a_missing_program_is_not_retried() -> None:
    with pytest.raises(ProgramFailed, match="「no-such-program」を起動できません") as failure:
        run(EngineProgram(("/nowhere/no-such-program",)), Watching())

    assert not failure.value.retry


def test_a_program_started_through_another_is_reported_under_its_own_name() -> None:
    with pytest.raises(ProgramFailed, match=r"^backup が"):
        run(EngineProgram(("env", "false"), called="backup"), Watching())


def test_a_program_does_not_see_tobans_own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOBAN_STATE_URL", "postgresql://secret")

    assert output(shell('printf %s "${TOBAN_STATE_URL-none}"'), Watching()) == b"none"


def test_a_silent_program_is_stopped_with_its_children() -> None:
    watch = Watching(stops_after=0)

    with pytest.raises(BackupFailed, match="途中で止めました: cancelled"):
        output(shell("sleep 60 & sleep 60"), watch)


def test_a_program_ends_when_its_reader_stops_reading() -> None:
    with closing(pieces(shell("yes"), Watching())) as told:
        next(told)


def test_fed_content_arrives_at_the_program() -> None:
    feed(shell('test "$(cat | wc -c)" = 3000000'), (b"x" * 1_000_000 for _ in range(3)), Watching())


def test_the_content_is_read_to_its_end_even_if_the_program_stops_reading() -> None:
    taken = []

    def content() -> Iterator[bytes]:
        for number in range(100):
            taken.append(number)
            yield b"x" * 1_000_000

    feed(shell("head -c 10 > /dev/null"), content(), Watching())

    assert len(taken) == 100


def test_an_error_in_the_fed_content_is_raised_and_ends_the_program() -> None:
    def content() -> Iterator[bytes]:
        yield b"half"
        raise ValueError("damaged")

    with pytest.raises(ValueError, match="damaged"):
        feed(shell("cat > /dev/null; sleep 60"), content(), Watching())


def test_a_program_that_reads_nothing_can_be_stopped() -> None:
    endless = iter(lambda: b"x" * 1_000_000, b"")

    with pytest.raises(BackupFailed, match="途中で止めました"):
        # The first look is before the pipe fills, the others happen with a full pipe.
        feed(shell("sleep 60"), endless, Watching(stops_after=3))


def test_a_program_dies_with_its_worker() -> None:
    worker = (
        "from toban.chapters.backup.engines.program import EngineProgram, QUIET, pieces\n"
        "told = pieces(EngineProgram(('sh', '-c', 'echo $$; sleep 60')), QUIET)\n"
        "print(next(told).decode().strip(), flush=True)\n"
        "next(told)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", worker], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        program = psutil.Process(int(process.stdout.readline()))
        process.send_signal(signal.SIGKILL)

    for _ in range(200):
        if not program.is_running() or program.status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.05)
    pytest.fail("the program goes on without its worker")
