"""`docker` and `systemctl` as far as Toban calls them, where neither runs: real processes, kept in a folder.

usage: stand_ins.py docker|systemctl FOLDER ARGUMENTS…

They take exactly the arguments that the manuals of docker(1), podman(1) and systemctl(1) describe.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SERVER = "server.py"


def _start(folder: Path, name: str, tree: str, port: str, environment: dict[str, str]) -> None:
    with subprocess.Popen(
        ["/usr/bin/env", "python", SERVER, port],
        cwd=tree,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        (folder / name).write_text(f"{process.pid} {environment.get('RELEASE_DIGEST', '')}")
        process.returncode = 0  # It lives on.


def _pid(folder: Path, name: str) -> int:
    """Return the number of its process; 0 if it does not run."""
    try:
        pid = int((folder / name).read_text().split()[0])
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (OSError, ValueError, IndexError):
        return 0
    return 0 if stat.rpartition(")")[2].split()[0] == "Z" else pid


def _stop(folder: Path, name: str) -> None:
    if pid := _pid(folder, name):
        os.kill(pid, signal.SIGTERM)
        while _pid(folder, name):
            time.sleep(0.01)


def docker(folder: Path, arguments: list[str]) -> int:
    """`pull`, `run`, `inspect`, `stop`, `rm`, `logs` and `image rm`."""
    match arguments:
        case ["pull", "--quiet", image]:
            return 0 if (folder / image.partition("@")[2]).is_dir() else _refuse(f"manifest unknown: {image}")
        case ["run", "--detach", "--name", name, "--restart", "unless-stopped", "--label", label, *rest]:
            if (folder / name).exists():
                return _refuse(f"the container name {name} is already in use")
            names = [rest[place + 1] for place, each in enumerate(rest) if each == "--env"]
            published = rest[rest.index("--publish") + 1].split(":")
            told = {each: os.environ[each] for each in names} | {"LABEL": label.partition("=")[2]}
            _start(folder, name, str(folder / rest[-1].partition("@")[2]), published[1], told)
            (folder / f"{name}.label").write_text(told["LABEL"])
            return 0
        case ["inspect", "--format", _, name]:
            if not (folder / name).exists():
                return _refuse(f"no such object: {name}")
            sys.stdout.write(f"{'true' if _pid(folder, name) else 'false'} ")
            sys.stdout.write((folder / f"{name}.label").read_text() + "\n")
            return 0
        case ["stop", "--time", _, *names]:
            for each in names:
                _stop(folder, each)
            return 0
        case ["rm", "--force", name]:
            _stop(folder, name)
            (folder / name).unlink(missing_ok=True)
            return 0
        case ["logs", "--tail", _, _] | ["image", "rm", _]:
            return 0
    return _refuse(f"unknown: {arguments}")


def systemctl(folder: Path, arguments: list[str]) -> int:
    """`restart`, `stop` and `is-active` of units `shop@PORT`, whose `EnvironmentFile=` is in the folder."""
    match arguments:
        case ["restart", unit]:
            port = unit.removeprefix("shop@").removesuffix(".service")
            lines = (folder / f"{port}.env").read_text().splitlines()
            told = {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines)}
            _stop(folder, unit)
            _start(folder, unit, told["RELEASE_FOLDER"], told["PORT"], told)
            return 0
        case ["stop", *units]:
            for each in units:
                _stop(folder, each)
            return 0
        case ["is-active", "--quiet", unit]:
            return 0 if _pid(folder, unit) else 3
    return _refuse(f"unknown: {arguments}")


def _refuse(said: str) -> int:
    sys.stderr.write(f"{said}\n")
    return 1


if __name__ == "__main__":
    kind, place, *given = sys.argv[1:]
    sys.exit({"docker": docker, "systemctl": systemctl}[kind](Path(place), given))
