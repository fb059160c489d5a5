"""What `toban check --live` finds on the machines, and what a full disk on one of them leaves behind."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh
import pytest
from tests.integration.chapters.release.engines.ssh.fleet import (
    LOOPBACK,
    NOBODY,
    Machine,
    Machines,
    Watch,
    artifact,
)

from toban.chapters.release.engine import DeployFailed, DeploySite
from toban.chapters.release.engines.ssh.doubts import troubles
from toban.engine.bindings.secret import Secret

pytestmark = pytest.mark.allow_hosts(LOOPBACK)


def doubts(shops: Machines, **more: object) -> list[str]:
    site = DeploySite("web", "本番", "shop", shops.folder, shops.folder)
    found = troubles(shops.config(**more), site)
    return ["\nHINT: ".join(map(str, each)) if isinstance(each, tuple) else str(each) for each in found]


@contextmanager
def small_disk(machine: Machine, size: str) -> Iterator[None]:
    """Give *machine* a disk of that size for its shop."""
    machine.shop.mkdir()
    owner, group = machine.home.stat().st_uid, machine.home.stat().st_gid
    options = f"size={size},mode=755,uid={owner},gid={group}"
    command = [shutil.which("mount") or "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(machine.shop)]
    if os.getuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("needs the right to mount a small disk")
    try:
        yield
    finally:
        subprocess.run([shutil.which("umount") or "umount", machine.shop], check=True)


def test_machines_that_are_ready_raise_no_doubt(shops: Machines, tmp_path: Path) -> None:
    engine, version = shops.engine(), artifact(tmp_path, "v1")
    before = doubts(shops, health=shops.gated())
    engine.install(version, Watch())
    engine.switch(version, Watch())

    assert before == []
    assert doubts(shops, health=shops.gated()) == []
    assert all((each.shop / "shared").is_dir() for each in shops.all)


def test_a_host_that_is_away_and_a_key_that_is_not_accepted_are_told(shops: Machines, tmp_path: Path) -> None:
    other = tmp_path / "other"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(other)

    away = doubts(shops, hosts=("127.0.0.2", NOBODY))
    rejected = doubts(shops, key=Secret(f"file:{other}"))

    assert len(away) == 1
    assert NOBODY in away[0]
    assert "HINT: " in away[0]
    assert len(rejected) == 3
    assert all("鍵" in each for each in rejected)


def test_closed_folders_missing_programs_and_a_folder_instead_of_the_link_are_told(shops: Machines) -> None:
    first, second, third = shops.all
    first.shop.mkdir()
    first.shop.chmod(0o555)
    (second.shop / "current").mkdir(parents=True)

    found = doubts(shops, restart=("no-such-program", "restart"), migrate=("bin/migrate",))

    if os.getuid() == 0:
        assert any("127.0.0.2 の shop に書き込めません" in each for each in found)
    assert any("127.0.0.3: current がリンクではありません" in each for each in found)
    assert sum("no-such-program" in each for each in found) == 3
    assert not any("bin/migrate" in each for each in found)
    assert not third.shop.exists()


def test_little_space_and_an_application_that_does_not_answer_are_told(
    shops: Machines, tmp_path: Path
) -> None:
    bad, machine = artifact(tmp_path, "bad"), shops.all[1]
    with small_disk(machine, "50m"):
        engine = shops.engine()
        engine.install(bad, Watch())
        engine.switch(bad, Watch())

        found = doubts(shops, health=shops.gated())

    assert sum("空きは" in each and "127.0.0.3" in each for each in found) == 1
    assert sum("ステータス 500" in each for each in found) == 3


def test_a_full_disk_on_one_host_is_named_and_leaves_it_as_it_was(shops: Machines, tmp_path: Path) -> None:
    engine, old = shops.engine(), artifact(tmp_path, "v1")
    large = artifact(tmp_path, "v2", size=6_000_000)
    with small_disk(shops.all[1], "4m"):
        engine.install(old, Watch())
        engine.switch(old, Watch())

        with pytest.raises(DeployFailed) as failed:
            engine.install(large, Watch())

        assert "127.0.0.3: ディスクに空きがありません" in str(failed.value)
        assert "3 台のうち" in str(failed.value)
        assert "何も切り替えていません" in str(failed.value)
        assert not failed.value.retry
        assert shops.all[1].versions() == {old.digest[:12]}
        assert set(engine.serving().values()) == {old.digest}
        assert engine.installed() == {old.digest}
