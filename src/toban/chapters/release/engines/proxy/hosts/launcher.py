"""Start a program that outlives whoever started it. Run as a file, by its path, without Toban's packages.

usage: launcher.py LOCK PID_FILE OUTPUT FOLDER -- PROGRAM ARGUMENTS…

LOCK is an inherited descriptor, held until the program runs. The program is no child of the caller and leads
a session of its own. PID_FILE holds its number, and when it was started, before it runs. Status 127 and a
sentence if it can't be run.
"""

import os
import sys
from pathlib import Path


def started_at(pid: int) -> str:
    """Return a mark that no other process with this number has; empty where the system tells none."""
    try:
        # The name, in brackets, may hold blanks; the time since boot is the 20th word after it.
        words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8")
        return f"{words.split()[19]}@{boot.strip()}"
    except OSError:
        return ""


def main(arguments: list[str]) -> int:
    """Start it; return 0 once it runs."""
    lock, pid_file, output, folder, _, *command = arguments
    os.set_inheritable(int(lock), False)
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        _become(Path(pid_file), output, folder, command, writer)
    os.close(writer)
    # Ends with the program's start: the other end is closed by it.
    with os.fdopen(reader, encoding="utf-8") as said:
        trouble = said.read()
    sys.stderr.write(trouble)
    return 127 if trouble else 0


def _become(pid_file: Path, output: str, folder: str, command: list[str], writer: int) -> None:
    try:
        os.setsid()
        draft = pid_file.with_name(f".{pid_file.name}.{os.getpid()}")
        draft.write_text(f"{os.getpid()} {started_at(os.getpid())}", encoding="utf-8")
        draft.replace(pid_file)
        os.chdir(folder)
        log = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for descriptor, number in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(descriptor, number)
        os.execvp(command[0], command)  # noqa: S606 - an argument list
    except BaseException as error:  # noqa: BLE001 - nothing of the caller may run on in this process
        os.write(writer, f"{command[0]}: {getattr(error, 'strerror', None) or error}".encode())
        os._exit(127)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
