"""The log files of days past are packed, so that the folder of the logs stays small."""

import gzip
import os
import time
from pathlib import Path

from shop.old_logs import QUIET, pack

NOW = time.mktime((2026, 12, 2, 12, 0, 0, 0, 0, -1))


def written(folder: Path, name: str, at: float) -> Path:
    """Write a log file, and have it be written *at* that time."""
    path = folder / name
    path.write_text("a line\n" * 100)
    os.utime(path, (at, at))
    return path


def test_a_day_that_is_over_is_packed_and_keeps_its_time(tmp_path: Path) -> None:
    path = written(tmp_path, "access.log.2026-12-01", NOW - QUIET)

    pack(tmp_path, NOW)

    assert [each.name for each in tmp_path.iterdir()] == ["access.log.2026-12-01.gz"]
    packed = path.with_name(f"{path.name}.gz")
    assert gzip.decompress(packed.read_bytes()) == b"a line\n" * 100
    assert packed.stat().st_mtime == NOW - QUIET
    pack(tmp_path, NOW)
    assert packed.exists()


def test_what_may_still_be_written_to_and_what_a_game_day_has_left_stay(tmp_path: Path) -> None:
    left = [
        written(tmp_path, "access.log.2026-12-02", NOW - QUIET),
        written(tmp_path, "access.log.2026-12-01", NOW - QUIET + 1),
        written(tmp_path, "access.log.2001-01-01", NOW - 120 * 86_400),
    ]

    pack(tmp_path, NOW)

    assert sorted(tmp_path.iterdir()) == sorted(left)
