"""The ports of the demo: two Tobans that start at once do not choose the same ones."""

import subprocess
import sys

CHOOSE = """
import sys
from toban.faces.cli.supervision.up import _first_free
print(_first_free(int(sys.argv[1])), flush=True)
sys.stdin.read()
"""


def chosen(port: int) -> "subprocess.Popen[str]":
    """Have another process choose a port, and wait before it listens."""
    return subprocess.Popen(
        [sys.executable, "-c", CHOOSE, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def read(process: "subprocess.Popen[str]") -> int:
    """Return what it chose."""
    assert process.stdout is not None
    return int(process.stdout.readline())


def test_a_port_that_another_has_chosen_is_not_chosen_again_until_that_one_ends() -> None:
    wanted = 20_917
    with chosen(wanted) as first, chosen(wanted) as second:
        both = sorted((read(first), read(second)))
        first.communicate()
        second.communicate()
    with chosen(wanted) as third:
        again = read(third)
        third.communicate()

    assert wanted in both
    assert both[0] != both[1]
    assert again == wanted
