"""How the agent reports files it can't read, and shortens entries that are too large."""

import errno
import os
from pathlib import Path

import orjson
import pytest

from toban.chapters.logs.intake.limits import LONGEST_LINE
from toban.faces.agent.files.unreadable import told
from toban.faces.agent.journal.entries import fitting
from toban.faces.agent.journal.journalctl import way_out
from toban.message import NOTHING


def failure(name: str, number: int) -> tuple[Path, OSError]:
    return Path("/var/log", name), OSError(number, os.strerror(number))


def test_of_many_failing_files_some_are_named_with_each_reason_once_and_all_hints() -> None:
    failures = [failure(f"{number}.log", errno.EIO) for number in range(5)]

    assert told([]) == NOTHING
    problem = told([*failures, failure("9.log", errno.EACCES)])
    assert str(problem) == (
        "読めないログがあります: /var/log/0.log、/var/log/1.log、/var/log/2.log、ほか 3 件"
        " (Input/output error、Permission denied)\n"
        "HINT: エージェントのアカウントを、読めるグループ (adm など) に入れて起動し直してください。"
        "dmesg で、そのファイルのあるディスクや接続を確かめてください。ほかのファイルは送り続けています"
    )
    assert problem.in_language("en").splitlines()[0] == (
        "Logs that can't be read: /var/log/0.log, /var/log/1.log, /var/log/2.log, 3 more"
        " (Input/output error, Permission denied)"
    )


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("No journal files were opened due to insufficient permissions.", "systemd-journal か adm"),
        ("Failed to open /x: Permission denied", "systemd-journal か adm"),
        ("Failed to open /x: No such file or directory", "/run/log/journal"),
        ("Failed to get journal fields: Bad message", "journalctl --verify"),
        ("", "journalctl --verify"),
    ],
)
def test_each_error_of_journalctl_has_a_hint(said: str, hint: str) -> None:
    assert hint in str(way_out(said))


@pytest.mark.parametrize(("count", "is_as_it_was"), [(150, True), (151, False)])
def test_an_entry_with_too_many_fields_has_the_rest_in_one_field(count: int, is_as_it_was: bool) -> None:
    own: dict[str, object] = {f"F{number:03}": [number] for number in range(count - 1)}
    entry = {**own, "MESSAGE": "x", "_PID": "1", "__CURSOR": "s=1"}
    line = orjson.dumps(entry) + b"\n"

    sent = fitting(entry, line)

    assert (sent == line) is is_as_it_was
    kept = orjson.loads(sent)
    assert len([name for name in kept if not name.startswith("_")]) == 150
    assert (kept["MESSAGE"], kept["_PID"], kept["__CURSOR"]) == ("x", "1", "s=1")
    assert kept.get("MORE_FIELDS") == (None if is_as_it_was else ["F148=[148]", "F149=[149]"])


def test_an_entry_with_many_long_fields_fits_the_servers_limit() -> None:
    entry: dict[str, object] = {f"F{number:03}": "x" * 3000 for number in range(300)}
    sent = fitting({**entry, "MESSAGE": "m"}, b"")

    assert len(sent) <= LONGEST_LINE
    assert orjson.loads(sent)["MESSAGE"] == "m"
