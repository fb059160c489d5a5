"""Many `toban` commands, each in a fork of one process that has loaded everything.

A command of its own spends most of its second on loading. `python -m tests.e2e.forking` reads words, a line
of JSON for each command, and answers with the status, the output and the error output of each.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from toban import wiring
from toban.faces.cli.state import set_up


class Done(NamedTuple):
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


class Commands:
    """The process that runs them."""

    def __init__(self, process: "Popen[str]") -> None:
        self._process = process

    def run(self, words: Sequence[str]) -> Done:
        """Run `toban` with *words*."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return Done(*json.loads(self._process.stdout.readline()))


@contextmanager
def commands(environment: Mapping[str, str]) -> Iterator[Commands]:
    """Start the process with *environment*."""
    with Popen(
        # A library has started threads that do nothing yet, which is no reason to warn of.
        [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-m", "tests.e2e.forking"],
        env=environment,
        stdin=PIPE,
        stdout=PIPE,
        text=True,
    ) as process:
        yield Commands(process)


def _load() -> None:
    set_up()
    parts = wiring.parts()
    brought = (command for each in parts.extensions for command in each.commands.values())
    for command in (*wiring.COMMANDS.values(), *brought):
        import_module(command.module)
    assert parts.schema  # which loads every kind


def _serve() -> None:
    for line in sys.stdin:
        with TemporaryFile("w+") as stdout, TemporaryFile("w+") as stderr:
            child = os.fork()
            if not child:
                sys.argv[1:] = json.loads(line)
                _become(stdout, stderr)
                wiring.main()
                return
            _, status = os.waitpid(child, 0)
            ended = Done(os.waitstatus_to_exitcode(status), _text(stdout), _text(stderr))
            sys.stdout.write(json.dumps(ended) + "\n")
            sys.stdout.flush()


def _become(stdout: IO[str], stderr: IO[str]) -> None:
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(stdout.fileno(), 1)
    os.dup2(stderr.fileno(), 2)


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


if __name__ == "__main__":
    _load()
    _serve()
