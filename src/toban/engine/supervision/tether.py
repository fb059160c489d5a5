"""Ties a process to its parent's life: when the parent ends, by whatever signal, the kernel kills the child.

Run as a program (`python -I -S tether.py PARENT -- COMMAND ...`), it ties itself and becomes COMMAND. This
happens in the child's own program and not between fork and exec, where a threaded parent can't safely run
any code. It imports nothing from Toban and starts in milliseconds.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2), linux/prctl.h


def die_with(parent: int) -> None:
    """Have the kernel kill this process as soon as the process *parent* ends.

    The tie survives `exec`, but not a change of user: tie again after one. Exits at once if *parent* is
    already gone, since then no signal would ever come. There is no such tie outside Linux.
    """
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        sys.exit(1)


def tethered(command: list[str], *, parent: int) -> list[str]:
    """Return a command that runs *command* tied to the process *parent*, which must start it itself."""
    return [sys.executable, "-I", "-S", __file__, str(parent), "--", *command]


def _main() -> None:
    parent, _, *command = sys.argv[1:]
    die_with(int(parent))
    os.execvp(command[0], command)  # noqa: S606 - becoming the command, without a shell, is the purpose


if __name__ == "__main__":
    _main()
