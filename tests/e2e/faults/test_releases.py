"""Releases by two nodes; workers die, a disk is full, a host is lost: one version serves everywhere."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.faults.releasing import STAGING, TO_STAGING, Nodes, freeze, nodes
from tests.e2e.running import wait_for
from tests.integration.chapters.release.engines.ssh.fleet import LOOPBACK, Machine

pytestmark = [pytest.mark.slow, pytest.mark.allow_hosts(LOOPBACK)]

RELEASE, BACK, DRILL = (f"{name}/{STAGING}" for name in ("release", "rollback", "rollback-drill"))
MOUNT, UMOUNT = shutil.which("mount") or "", shutil.which("umount") or ""


@pytest.fixture
def pair(postgres: dict[str, str], tmp_path: Path) -> Iterator[Nodes]:
    with nodes(tmp_path, postgres) as running:
        yield running


def test_the_other_node_goes_on_wherever_a_worker_dies(pair: Nodes) -> None:
    """The artefact, the switch forth, the switch back, the drill; and both nodes at once."""
    # What is there at the first look is nothing new.
    pair.push("v0")
    wait_for(lambda: pair.ask("SELECT * FROM release_sourcelook WHERE answered_at IS NOT NULL"), within=90)
    pair.push("v1")
    pair.released("v1")

    pair.push("v2")
    artifact = pair.killed_at("artifact/shop", "make")
    pair.bring_back()
    pair.released("v2")
    wait_for(lambda: _was_taken_over(pair, artifact), within=30)

    pair.push("v3")
    forth = pair.killed_at(RELEASE, "switch")
    pair.released("v3")
    wait_for(lambda: _was_taken_over(pair, forth), within=30)
    pair.bring_back()

    pair.push("v4")
    both = pair.killed_at(RELEASE, "switch", both=True)
    pair.bring_back()
    pair.released("v4")
    wait_for(lambda: _was_taken_over(pair, both), within=30)

    pair.order("release", "rollback", STAGING, "--reason", "遅い", "--yes")
    back = pair.killed_at(BACK, "switch")
    pair.released("v3")
    wait_for(lambda: _was_taken_over(pair, back), within=30)
    assert pair.newest()["kind"] == "rollback"
    pair.bring_back()

    pair.order("run", DRILL, "--yes")
    drill = pair.killed_at(DRILL, "rehearse")
    wait_for(lambda: pair.run(DRILL)["state"] == "done", within=120)
    wait_for(lambda: _was_taken_over(pair, drill), within=30)
    assert pair.shops.versions() == {"v3"}
    assert [each["is_passed"] for each in pair.ask("SELECT is_passed FROM release_rollbackdrill")] == [True]
    assert pair.locks() == []
    pair.bring_back()
    # What was released by itself last has been rolled back.
    wait_for(lambda: pair.verdict() == "deviating", within=90)

    pair.push("v5")
    pair.released("v5")
    wait_for(lambda: pair.verdict() == "conforming", within=90)


def _was_taken_over(pair: Nodes, run: int) -> bool:
    """Return whether *run* has ended well, by two workers, and did no finished step twice."""
    (found,) = pair.ask("SELECT state FROM runs_run WHERE id = %s", run)
    holders = {each["holder"] for each in pair.ask("SELECT holder FROM runs_attempt WHERE run_id = %s", run)}
    return (found["state"], len(holders)) == ("done", 2)


def test_a_full_disk_on_one_host_fails_the_release_and_is_told_once(pair: Nodes) -> None:
    pair.push("v0")
    wait_for(lambda: pair.ask("SELECT * FROM release_sourcelook WHERE answered_at IS NOT NULL"), within=90)
    pair.push("v1")
    pair.released("v1")
    full = pair.shops.all[1]
    _fill(full)
    try:
        pair.push("v2", {"filling": "x" * 3_000_000})
        failed = wait_for(lambda: pair.newest() if pair.newest()["state"] == "failed" else None, within=90)
    finally:
        subprocess.run([UMOUNT, "--lazy", full.shop / "releases"], check=True)
    assert failed is not None
    assert failed["label"] == "v2"
    assert full.name in str(failed["note"])
    assert "No space left" in str(failed["note"])
    assert (pair.shops.versions(), pair.locks()) == ({"v1"}, [])

    wait_for(lambda: pair.verdict() == "deviating", within=60)
    wait_for(lambda: _told(pair, "異常"), within=60)
    # The loop judges the row every five seconds: four times in this.
    time.sleep(20)
    assert len(_told(pair, "異常")) == 1, pair.mail.texts
    assert _told(pair, "復旧") == []

    # A version that fits; the host has its disk back, without what the first version had put there.
    pair.push("v3")
    pair.released("v3")
    wait_for(lambda: pair.verdict() == "conforming", within=60)
    wait_for(lambda: _told(pair, "復旧"), within=60)
    time.sleep(10)
    assert (len(_told(pair, "異常")), len(_told(pair, "復旧"))) == (1, 1), pair.mail.texts
    alerts = pair.ask("SELECT resolved_at FROM notify_alert WHERE key = %s", TO_STAGING)
    assert [each["resolved_at"] is not None for each in alerts] == [True]


def _told(pair: Nodes, word: str) -> list[str]:
    """Return the mails about releases to staging that say *word*."""
    return [
        each for each in pair.mail.texts if f"リリース {STAGING}" in each and word in each.splitlines()[0]
    ]


def _fill(machine: Machine) -> None:
    """Give the folder of versions on *machine* a disk with hardly any room, and what it holds already."""
    folder = machine.shop / "releases"
    owner = folder.stat()
    options = f"size=2m,uid={owner.st_uid},gid={owner.st_gid},mode=755"
    kept = folder.with_name("kept")
    _copy(folder, kept)
    mounted = subprocess.run(
        [MOUNT, "-t", "tmpfs", "-o", options, "toban-full-disk", folder],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    _copy(kept, folder)


def _copy(folder: Path, target: Path) -> None:
    """Copy what is in *folder*, with its owners: another account works there."""
    target.mkdir(exist_ok=True)
    subprocess.run(["/bin/cp", "--archive", f"{folder}/.", str(target)], check=True)


def test_a_host_that_is_lost_half_way_leaves_one_version_and_the_next_release_reaches_it(pair: Nodes) -> None:
    pair.push("v0")
    wait_for(lambda: pair.ask("SELECT * FROM release_sourcelook WHERE answered_at IS NOT NULL"), within=90)
    pair.push("v1")
    pair.released("v1")
    near, lost = pair.shops.all

    pair.push("v2")
    wait_for(lambda: near.link() == "v2", within=90)
    frozen = freeze(lost)
    try:
        failed = wait_for(lambda: pair.newest() if pair.newest()["state"] == "failed" else None, within=240)
        assert failed is not None
        assert lost.name in str(failed["note"])
        wait_for(lambda: near.serves() == "v1", within=60)
    finally:
        for each in frozen:
            each.resume()

    # What was on its way to it when it froze must not have it serve another version than the others.
    time.sleep(20)
    assert (near.serves(), near.link()) == ("v1", "v1")
    assert lost.serves() == "v1"
    pair.push("v3")
    pair.released("v3", within=180)
    wait_for(lambda: pair.verdict() == "conforming", within=120)
