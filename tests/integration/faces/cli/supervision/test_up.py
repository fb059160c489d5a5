"""`toban up` when it can't start: it says why, gives a hint, and leaves nothing running."""

import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

DESIGN = Path(__file__).parents[5] / "examples" / "webshop" / "運用設計書.md"


def up(home: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    outer = {name: value for name, value in os.environ.items() if not name.startswith("TOBAN_")}
    return subprocess.run(
        [sys.executable, "-m", "toban", "up", "--home", str(home), *arguments],
        env={**outer, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def own(tmp_path: Path, bindings: str) -> list[str]:
    """Return the options for a custom document with *bindings*."""
    (tmp_path / "toban.toml").write_text(bindings, encoding="utf-8")
    return ["--port", "0", "--design", str(DESIGN), "--bindings", str(tmp_path / "toban.toml")]


def test_a_port_in_use_is_named_with_a_hint(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]

        done = up(tmp_path / "home", "--port", str(port))

    assert done.returncode == 2
    assert f"127.0.0.1:{port} で待ち受けられません (Address already in use)" in done.stderr
    assert "HINT: 別のポートを --port で指定するか" in done.stderr


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").touch()

    done = up(tmp_path / "home", "--port", "0")

    assert done.returncode == 2
    assert "はファイルです" in done.stderr


def test_a_missing_document_is_refused_before_anything_starts(tmp_path: Path) -> None:
    done = up(tmp_path / "home", "--port", "0", "--design", str(tmp_path / "ない.md"))

    assert done.returncode == 2
    assert f"{tmp_path / 'ない.md'}" in done.stderr
    assert "HINT:" in done.stderr
    assert not (tmp_path / "home" / "processes.json").exists()


def test_missing_bindings_are_refused_with_the_command_that_writes_them(tmp_path: Path) -> None:
    done = up(
        tmp_path / "home", "--port", "0", "--design", str(DESIGN), "--bindings", str(tmp_path / "no.toml")
    )

    assert done.returncode == 2
    assert "toban init" in done.stderr


def test_every_mistake_in_the_bindings_is_named_with_its_line(tmp_path: Path) -> None:
    options = own(
        tmp_path, '[system]\ntimezone = "Mars/Olympus"\n\n[targets.DB]\nsources = [{ kind = "sql" }]\n'
    )

    done = up(tmp_path / "home", *options)

    assert done.returncode == 2
    assert f"{tmp_path / 'toban.toml'}:2:" in done.stderr
    assert f"{tmp_path / 'toban.toml'}:5:" in done.stderr


def test_an_unreachable_state_database_is_refused_without_showing_its_password(tmp_path: Path) -> None:
    options = own(tmp_path, '[system]\nname = "店"\n')

    done = up(tmp_path / "home", *options, TOBAN_STATE_URL="postgresql://toban:s3cret@127.0.0.1:1/toban")

    assert done.returncode == 2
    assert "状態データベースを使えません" in done.stderr
    assert "s3cret" not in done.stderr


def test_a_made_up_month_is_for_the_demo_alone(tmp_path: Path) -> None:
    done = up(tmp_path / "home", "--demo-month", *own(tmp_path, ""))

    assert done.returncode == 2
    assert "--demo-month は見本の店だけのものです" in done.stderr
    assert "HINT: --design か --demo-month" in done.stderr


def test_a_part_of_a_made_up_month_does_not_go_on_live(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "unfinished-demo-month").touch()

    done = up(tmp_path / "home", "--port", "0")

    assert done.returncode == 2
    assert "見本の月が途中で止まりました" in done.stderr
    assert "HINT: ホームのフォルダーを消して" in done.stderr
