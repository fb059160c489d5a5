"""File systems of this host, as the kernel knows them."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from toban.chapters.capacity.usage_sources.storage.volumes import Volume
from toban.engine.trial import Doubt
from toban.message import Message

_QUOTAS = frozenset(
    ("usrquota", "grpquota", "prjquota", "uquota", "gquota", "pquota", "quota", "usrjquota", "grpjquota")
)


def volume_of(path: str) -> Volume:
    """Return the file system that *path* is on; raise `OSError`. May wait for ever: a server may be away."""
    found = os.statvfs(path)
    device, mount, _ = mounted_at(path)
    used = (found.f_blocks - found.f_bfree) * found.f_frsize
    return Volume(device, mount, used, found.f_bavail * found.f_frsize)


def mounted_at(path: str) -> tuple[str, str, frozenset[str]]:
    """Return device, mount point and options of the file system that *path* is on."""
    real = Path(os.path.realpath(path))
    best = ("", "/", frozenset[str]())
    # All of them, in the order of mounting: a later one covers an earlier one.
    for each in psutil.disk_partitions(all=True):
        if real.is_relative_to(each.mountpoint) and len(each.mountpoint) >= len(best[1]):
            best = (each.device, each.mountpoint, frozenset(each.opts.split(",")))
    return best


def doubts(paths: Sequence[str]) -> Iterator[Doubt]:
    """Yield why the size of a file system says little; the file systems themselves are not asked."""
    seen: set[str] = set()
    for path in paths:
        _, mount, options = mounted_at(path)
        if mount in seen:
            continue
        seen.add(mount)
        if "ro" in options:
            said = Message("capacity-usage.storage-read-only", mount=mount)
            yield said, Message("capacity-usage.read-its-kernel-log")
        if any(each.partition("=")[0] in _QUOTAS for each in options):
            said = Message("capacity-usage.storage-has-quotas", mount=mount)
            yield said, Message("capacity-usage.mind-the-quotas")
