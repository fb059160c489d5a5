"""`toban prepare` makes the state, and keeps it from other users of the machine."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.faces.ingest.served import DOCUMENT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("is_new", [True, False])
def test_the_state_is_for_the_account_alone(tmp_path: Path, is_new: bool) -> None:
    state = tmp_path / "state.sqlite3"
    if not is_new:
        # By a Toban that left the modes to the umask.
        state.touch(mode=0o644)
    design, bindings = tmp_path / "運用設計書.md", tmp_path / "toban.toml"
    design.write_text(DOCUMENT, encoding="utf-8")
    bindings.touch()

    subprocess.run(
        [sys.executable, "-m", "toban", "prepare"],
        env={
            **os.environ,
            "TOBAN_HOME": str(tmp_path),
            "TOBAN_DESIGN": str(design),
            "TOBAN_BINDINGS": str(bindings),
        },
        check=True,
        capture_output=True,
        umask=0o022,
    )

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("state.sqlite3*")}
    assert modes["state.sqlite3"] == 0o600
    assert set(modes.values()) == {0o600}
