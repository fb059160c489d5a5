"""The output of children, on its way to the file."""

import asyncio
import os
from pathlib import Path

import pytest

from toban.engine.supervision.process import ProcessLog


def copied(log: ProcessLog, words: bytes) -> ProcessLog:
    """Return *log* after a child has written *words* and ended."""
    output, end = os.pipe()
    os.write(end, words)
    os.close(end)
    asyncio.run(log.copy_from(output))
    log.close()
    return log


def test_complete_and_unfinished_lines_are_logged(tmp_path: Path) -> None:
    log = copied(ProcessLog(tmp_path / "log"), b"one\ntwo\nthr")

    assert log.path.read_text() == "one\ntwo\nthr\n"
    assert log.last_line == "thr"


def test_bytes_that_are_not_text_are_shown_as_such(tmp_path: Path) -> None:
    log = copied(ProcessLog(tmp_path / "log"), b"caf\xe9\n")

    assert log.path.read_text() == "caf\N{REPLACEMENT CHARACTER}\n"


def test_a_full_disk_loses_log_lines_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    log = copied(ProcessLog(Path("/dev/full")), b"lost\n")

    assert log.last_line == "lost"
    assert capsys.readouterr().err == ""
