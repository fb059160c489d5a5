"""`toban serve` without `toban up`."""

import os
from pathlib import Path

import pytest
from tests.forking import run


@pytest.mark.parametrize("key", [None, "", "\n"], ids=["missing", "empty", "blank"])
def test_the_server_refuses_to_start_with_a_world_readable_key(tmp_path: Path, key: str | None) -> None:
    if key is not None:
        (tmp_path / "secret-key").write_text(key)

    done = run(["-m", "toban", "serve", "--port", 0], env={**os.environ, "TOBAN_HOME": str(tmp_path)})

    assert done.returncode == 2
    assert done.stderr == (
        f"{tmp_path}/secret-key: ページの秘密鍵がありません\n"
        "HINT: toban up で起動してください。鍵は起動のときに作られます\n"
    )
