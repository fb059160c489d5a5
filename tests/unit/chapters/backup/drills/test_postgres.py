"""The settings for PostgreSQL's programs, by their version."""

import sys
from pathlib import Path

import pytest

from toban.chapters.backup.drills.postgres import ServerPrograms


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux syncs a file system at once")
@pytest.mark.parametrize(
    ("version", "settings"),
    [(13, {}), (14, {"recovery_init_sync_method": "syncfs"}), (18, {"recovery_init_sync_method": "syncfs"})],
)
def test_the_first_start_uses_syncfs_if_the_version_supports_it(
    version: int, settings: dict[str, str]
) -> None:
    assert ServerPrograms(Path("/opt/pg/bin"), None, version).first_start == settings
