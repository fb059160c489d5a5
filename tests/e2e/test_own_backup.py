"""Toban's own state, backed up while it runs, and another Toban that continues from it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.running import wait_for

DOCUMENT = """# 運用設計書

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| 番人 | CPU使用率 | 0-60% | 70% | 85% | 1分 |
"""
BINDINGS = """
[stores."倉庫"]
kind = "directory"
path = "store"

[targets."番人"]
sources = [{ kind = "host" }]
"""


def toban(folder: Path, home: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "toban", *arguments],
        env=environment(folder, home), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environment(folder: Path, home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "NO_COLOR": "1",
        "TOBAN_HOME": str(home),
        "TOBAN_DESIGN": str(folder / "運用設計書.md"),
        "TOBAN_BINDINGS": str(folder / "toban.toml"),
    }


def phases(home: Path) -> dict[str, str]:
    try:
        shown: dict[str, Any] = json.loads((home / "processes.json").read_text())
    except FileNotFoundError:
        return {}
    return {each["name"]: each["phase"] for each in shown["processes"]}


@contextmanager
def running(home: Path, design: Path, bindings: Path) -> Iterator[None]:
    log = home.with_name(f"{home.name}.log")
    command = ["up", "--home", str(home), "--port", "0", "--design", str(design), "--bindings", str(bindings)]
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, "-m", "toban", *command], stdout=out, stderr=out)

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text()
        return set(phases(home).values()) == {"ready"}

    try:
        wait_for(is_ready, within=180)
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.mark.slow
def test_toban_continues_from_its_own_backup(tmp_path: Path) -> None:
    home, new = tmp_path / "home", tmp_path / "new"
    design, bindings = tmp_path / "運用設計書.md", tmp_path / "toban.toml"
    (tmp_path / "store").mkdir()
    design.write_text(DOCUMENT)
    bindings.write_text(BINDINGS)
    with running(home, design, bindings):
        wait_for(lambda: "番人" in toban(tmp_path, home, "status", "--all"), within=60)
        toban(tmp_path, home, "processes", "--stop", "store")
        wait_for(lambda: phases(home)["store"] != "ready", within=60)

        toban(tmp_path, home, "backup", "self", "--unencrypted", "--telemetry")
        toban(tmp_path, home, "processes", "--start", "store")
        wait_for(lambda: phases(home)["store"] == "ready", within=60)

    told = toban(tmp_path, home, "backup", "self", "--restore", str(new))
    head = next(line.split()[-1] for line in told.splitlines() if "--known" in line)
    with running(new, new / "in-force" / "design.md", new / "in-force" / "toban.toml"):
        verified = toban(tmp_path, new, "evidence", "verify", "--known", head)
        shown = toban(tmp_path, new, "status", "--all")

    assert "証跡" in verified
    assert "番人" in shown
    assert (new / "secret-key").read_text() == (home / "secret-key").read_text()
    assert "一度だけ使えるパスワード" not in new.with_name("new.log").read_text()
