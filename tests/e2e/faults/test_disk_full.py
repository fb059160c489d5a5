"""The disk of Toban's home is full: nothing acknowledged is lost, and what can't be judged is not green."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.e2e.faults.acknowledging import ROW, clients_of, require_each_once, running
from tests.e2e.faults.claims import Truth, View, on_page, report, watched
from tests.e2e.faults.clients import sending
from tests.e2e.running import enterable_folder
from tests.e2e.visitor import first_sign_in

pytestmark = pytest.mark.slow

MEBIBYTE = 1024**2
MOUNT, UMOUNT = shutil.which("mount") or "", shutil.which("umount") or ""
OUTDATED = 120.0 + 120.0 + 5.0
"""No judgement can be written, so that the last one goes out of date: as after the death of a worker."""


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system in memory, hardly larger than `toban up` asks for; skips if none can be mounted."""
    with enterable_folder() as folder:
        mounted = subprocess.run(
            [MOUNT, "-t", "tmpfs", "-o", "size=1400m", "toban-small-disk", folder],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        if mounted.returncode != 0:
            pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
        try:
            yield folder
        finally:
            subprocess.run([UMOUNT, "--lazy", folder], check=True)


def fill(file: Path) -> None:
    """Write to *file* until the disk is full."""
    with suppress(OSError), file.open("wb", buffering=0) as target:
        while target.write(bytes(MEBIBYTE)) == MEBIBYTE:
            pass
    assert shutil.disk_usage(file).free == 0


def test_a_full_disk_loses_nothing_acknowledged_and_leaves_no_row_green(small_disk: Path) -> None:
    filler = small_disk / "filler"
    truth = Truth({ROW: OUTDATED})
    with running(small_disk, small_disk / "home") as toban, first_sign_in(toban) as visitor:
        clients = clients_of(toban)
        page = View("page", lambda: on_page(visitor.get("/")), every=1)
        with watched(page), sending(clients):
            page.await_all([ROW], within=120)
            truth.fails(ROW)
            fill(filler)
            time.sleep(OUTDATED + 15)
            truth.is_well(ROW)
            filler.unlink()
            page.await_all([ROW], within=120)

        require_each_once(toban, clients)
    assert report([page], truth) == {}
