"""Which file systems are the same, and what df says of them."""

import pytest
from pydantic import ValidationError

from toban.chapters.capacity.usage import UsageReading
from toban.chapters.capacity.usage_sources.storage.config import StorageUsage
from toban.chapters.capacity.usage_sources.storage.volumes import Volume, read_df, reading_of

DISK = Volume("/dev/sda1", "/", 70, 30)
DATA = Volume("/dev/mapper/vg-data", "/data", 200, 50)

DF = """\
Filesystem                1024-blocks      Used Available Capacity Mounted on
/dev/mapper/vg-data         961301832 412884124 499512236      46% /data
files:/export/my pictures    10485760   4194304   6291456      40% /mnt/my pictures
tmpfs                         8152000         0   8152000       0% /run/user/0
/dev/sdb1                     1000000   1000000    -52000     106% /full
proc                                0         0         0       -  /proc
"""


def test_df_is_read_with_names_that_contain_blanks() -> None:
    data, files, shm, full, proc = read_df(DF)

    assert data == Volume("/dev/mapper/vg-data", "/data", 412884124 * 1024, 499512236 * 1024)
    assert (files.device, files.mount) == ("files:/export/my pictures", "/mnt/my pictures")
    assert shm == Volume("tmpfs", "/run/user/0", 0, 8152000 * 1024)
    assert full == Volume("/dev/sdb1", "/full", 1000000 * 1024, 0)
    assert proc == Volume("proc", "/proc", 0, 0)


def test_a_line_that_is_none_of_df_is_no_volume() -> None:
    assert read_df("df: /gone: No such file or directory\nLast login: today\n") == []


def test_several_file_systems_are_added_up_and_named_by_their_paths() -> None:
    assert reading_of(["/", "/data"], [DISK, DATA]) == UsageReading(270, 350, {"/": 70, "/data": 200})


def test_two_paths_on_one_disk_count_once() -> None:
    assert reading_of(["/var", "/srv"], [DISK, DISK]) == UsageReading(70, 100)


def test_two_folders_of_one_file_server_count_once() -> None:
    shared = [Volume("files:/export/a", "/a", 400, 600), Volume("files:/export/b", "/b", 400, 600)]
    windows = [Volume("//files/a", "/c", 400, 600), Volume("//files/b", "/d", 400, 600)]

    assert reading_of(["/a", "/b"], shared) == UsageReading(400, 1000)
    assert reading_of(["/c", "/d"], windows) == UsageReading(400, 1000)


def test_two_disks_of_one_file_server_count_each() -> None:
    disks = [Volume("files:/one", "/a", 400, 600), Volume("files:/two", "/b", 300, 700)]

    assert reading_of(["/a", "/b"], disks) == UsageReading(700, 2000, {"/a": 400, "/b": 300})


def test_two_file_systems_in_memory_are_not_the_same() -> None:
    memory = [Volume("tmpfs", "/run", 1, 9), Volume("tmpfs", "/tmp", 2, 18)]  # noqa: S108 - only its name

    assert reading_of(["/run", "/tmp"], memory).used == 3  # noqa: S108 - only its name


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (["data"], "/ から始まる"),
        (["/data/../etc"], "/ から始まる"),
        (["/data", "/data/"], "同じパスが二度あります"),
    ],
)
def test_paths_that_are_not_whole_or_stand_twice_are_refused(paths: list[str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        StorageUsage.model_validate({"path": paths})


def test_there_must_be_a_path() -> None:
    with pytest.raises(ValidationError):
        StorageUsage.model_validate({"path": []})
