"""Debian's logrotate."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

_DEBIAN = Path(__file__).parents[4] / ".boot" / "debian" / "usr"


def logrotate(path: Path, *orders: str) -> Callable[[], None]:
    """Return a function that rotates *path* as *orders* say."""
    if not (_DEBIAN / "sbin" / "logrotate").exists():
        pytest.skip("Debian's logrotate is not here")
    written = path.with_name("logrotate.conf")
    written.write_text("".join((f"{path} {{\n su root root\n", *(f" {each}\n" for each in orders), "}\n")))
    written.chmod(0o600)
    state = path.with_name("state")
    command: list[str | Path] = [_DEBIAN / "sbin" / "logrotate", "--force", "--state", state, written]
    libraries = {"LD_LIBRARY_PATH": str(_DEBIAN / "lib" / "x86_64-linux-gnu")}

    def rotate() -> None:
        subprocess.run(command, env={**os.environ, **libraries}, check=True)

    return rotate
