"""`toban --version` tells which Toban is installed, whatever else is right or wrong."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path


def test_the_version_needs_no_state_and_no_document(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "toban", "--version"],
        env={**os.environ, "TOBAN_HOME": str(tmp_path / "none"), "TOBAN_STATE_URL": "nonsense://"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == f"toban {version('toban')}\n"
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []
