"""Ties a command and all its children to the worker's life: `python -I -S guard.py WORKER -- COMMAND ...`.

The guard leads the process group that the worker created. When the worker's thread ends, by whatever signal,
the kernel signals the guard, and the guard kills the whole group: the kernel's signal alone would leave the
children of a shell behind. The guard imports nothing from Toban and starts in milliseconds: to look at a
repository takes dozens of commands.
"""

# Without the names of `signal`, the types of `ctypes`, and `subprocess`, which take longer than all the rest.
import _ctypes
import _signal as signal  # type: ignore[import-not-found]
import os
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2), linux/prctl.h
NOT_RUNNABLE: int = -signal.SIGUSR2
"""How the guard itself ends if the command can't be started: the command may end with any exit status."""


def _end_group(*_: object) -> None:
    os.killpg(0, signal.SIGKILL)


def _main() -> int:
    worker, _, *command = sys.argv[1:]
    signal.signal(signal.SIGUSR1, _end_group)
    # On SIGTERM, the command decides how to end; a handler, unlike "ignore", is not inherited by it.
    signal.signal(signal.SIGTERM, lambda *_: None)
    if sys.platform == "linux":
        # None is the program itself, as in the C function.
        prctl = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")  # type: ignore[arg-type]
        _ctypes.call_function(prctl, (_PR_SET_PDEATHSIG, signal.SIGUSR1, 0, 0, 0))
    if os.getppid() != int(worker):
        return 1
    try:
        # As `subprocess` does: Python ignores these two.
        child = os.posix_spawnp(command[0], command, os.environ, setsigdef=(signal.SIGPIPE, signal.SIGXFSZ))
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", flush=True)  # noqa: T201 - the log is its standard output
        os.kill(os.getpid(), signal.SIGUSR2)
        return 1
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    # As shells report it: 128 plus the signal's number.
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(_main())
