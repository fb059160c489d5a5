"""File systems of this machine, and of one that is reached by SSH."""

import os
from collections import namedtuple
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import psutil
import pytest
from tests.integration.remote_host import RemoteHost, new_public_key, serving

from toban.chapters.capacity.usage import UsageUnknown
from toban.chapters.capacity.usage_sources.storage import local
from toban.chapters.capacity.usage_sources.storage.config import StorageUsage
from toban.chapters.capacity.usage_sources.storage.local import volume_of
from toban.chapters.capacity.usage_sources.storage.source import StorageSource
from toban.chapters.capacity.usage_sources.storage.volumes import Volume

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MIB = 1 << 20
MEMORY = "/dev/shm"  # noqa: S108 - a file system, not a file
NOBODY_WRITES = 64 * MIB
"""How much others may write to the disk of the tests between two looks at it."""


@pytest.fixture(scope="module", params=["openssh", "asyncssh"])
def remote(request: pytest.FixtureRequest) -> Iterator[RemoteHost]:
    with serving(request.param) as running:
        yield running


def written(remote: RemoteHost, *paths: str, **more: object) -> dict[str, object]:
    login = {
        "name": remote.name,
        "port": remote.port,
        "user": remote.user,
        "key": f"file:{remote.key}",
        "known_hosts": str(remote.write_known_hosts()),
    }
    return {"path": list(paths), "host": {**login, **more}}


def source(**config: object) -> StorageSource:
    return StorageSource(StorageUsage.model_validate(config))


def why(asked: StorageSource) -> str:
    with pytest.raises(UsageUnknown) as unknown:
        asked.measure(NOON)
    return str(unknown.value)


def test_a_disk_holds_what_the_system_says(tmp_path: Path) -> None:
    found = source(path=str(tmp_path)).measure(NOON)

    real = psutil.disk_usage(str(tmp_path))
    assert found.used == pytest.approx(real.used, abs=NOBODY_WRITES)
    # Not its whole size: what is reserved for root is nobody's to fill.
    assert found.limit == pytest.approx(real.used + real.free, abs=NOBODY_WRITES)
    assert found.parts == {}


def test_more_is_used_once_something_is_written(tmp_path: Path) -> None:
    disk = source(path=str(tmp_path))

    def grown(number: int) -> float:
        before = disk.measure(NOON).used
        with (tmp_path / f"large-{number}").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, 256 * MIB)
            os.fsync(file.fileno())
        return disk.measure(NOON).used - before

    # Others write there, too: of some attempts, one is undisturbed.
    assert any(grown(number) == pytest.approx(256 * MIB, abs=NOBODY_WRITES) for number in range(10))


def test_two_folders_of_one_disk_count_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    both = source(path=[str(tmp_path / "a"), str(tmp_path / "b")]).measure(NOON)

    assert both.used == pytest.approx(source(path=str(tmp_path)).measure(NOON).used, abs=NOBODY_WRITES)
    assert both.parts == {}


def test_a_path_that_is_gone_is_named_with_a_way_out(tmp_path: Path) -> None:
    gone = tmp_path / "gone"

    said = why(source(path=[str(tmp_path), str(gone)]))

    assert f"{gone} の使用量を見られません: No such file or directory" in said
    assert "マウントされているか" in said


def test_a_disk_that_is_not_mounted_is_not_measured_as_the_one_below(tmp_path: Path) -> None:
    said = why(source(path=str(tmp_path), mounted=True))

    assert f"{tmp_path} に何もマウントされていません" in said


def test_a_mounted_disk_is_measured() -> None:
    assert source(path="/", mounted=True).measure(NOON).used > 0


def test_a_file_system_without_a_size_says_so() -> None:
    assert "/proc のファイルシステムには大きさがありません" in why(source(path="/proc"))


def test_a_server_that_is_away_ends_in_time_and_is_asked_by_one_thread_only() -> None:
    asked, back = [], Event()

    def hang(path: str) -> Volume:
        asked.append(path)
        back.wait()
        return Volume("files:/export", path, 1, 9)

    config = StorageUsage.model_validate({"path": ["/mnt/files"], "timeout": 0.05})
    files = StorageSource(config, hang)

    said = [why(files), why(files)]
    back.set()
    while files._looking is not None and files._looking.is_alive():
        files._looking.join(1)

    assert said[0] == said[1]
    assert "/mnt/files のファイルシステムが0.05秒以内に応答しません" in said[0]
    assert asked == ["/mnt/files"]
    assert files.measure(NOON).used == 1


Partition = namedtuple("Partition", "device mountpoint opts")  # noqa: PYI024 - like psutil's own


@pytest.fixture
def mounts(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the kernel says is mounted."""
    found: list[Any] = [Partition("/dev/sda1", "/", "rw,relatime")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_all: found)
    return found


def test_a_disk_that_became_read_only_is_doubted(mounts: list[Any]) -> None:
    mounts.append(Partition("/dev/sdb1", "/data", "ro,relatime"))

    (doubt,) = local.doubts(["/data/a", "/data/b", "/srv"])

    assert isinstance(doubt, tuple)
    assert str(doubt[0]) == "/data は読み取り専用です: 空きがあっても書けません"


def test_quotas_are_doubted_since_nobody_sees_them(mounts: list[Any]) -> None:
    mounts.append(Partition("/dev/sdb1", "/home", "rw,relatime,usrquota,grpjquota=aquota.group"))

    (doubt,) = local.doubts(["/home/shop"])

    assert isinstance(doubt, tuple)
    assert "/home にはクォータがあり" in str(doubt[0])


def test_what_was_mounted_last_covers_what_was_there(mounts: list[Any]) -> None:
    mounts += [Partition("/dev/sdb1", "/data", "rw"), Partition("files:/export", "/data", "rw")]

    assert local.mounted_at("/data/a")[:2] == ("files:/export", "/data")
    assert local.mounted_at("/database")[:2] == ("/dev/sda1", "/")


def test_another_host_says_the_same_as_this_one(remote: RemoteHost) -> None:
    found = source(**written(remote, "/")).measure(NOON)

    here = volume_of("/")
    assert found.used == pytest.approx(here.used, abs=NOBODY_WRITES)
    assert found.limit == pytest.approx(here.used + here.available, abs=NOBODY_WRITES)


def test_several_paths_of_another_host_count_each_file_system_once(remote: RemoteHost) -> None:
    found = source(**written(remote, "/", "/etc", MEMORY)).measure(NOON)

    assert volume_of("/").identity != volume_of(MEMORY).identity
    assert set(found.parts) == {"/", MEMORY}
    assert found.used == pytest.approx(volume_of("/").used + volume_of(MEMORY).used, abs=NOBODY_WRITES)


def test_a_path_that_is_gone_there_is_named(remote: RemoteHost) -> None:
    said = why(source(**written(remote, "/", "/no such; exit 0")))

    assert f"{remote.user}@127.0.0.1:{remote.port} で df が失敗しました" in said
    assert "マウントされているか" in said


def test_a_disk_that_is_not_mounted_there_is_not_measured(remote: RemoteHost) -> None:
    assert "/etc に何もマウントされていません" in why(source(**written(remote, "/etc"), mounted=True))


def test_a_host_with_another_key_is_not_asked(remote: RemoteHost) -> None:
    known = remote.write_known_hosts(new_public_key())

    assert "のホスト鍵が" in why(source(**written(remote, "/", known_hosts=str(known))))


def test_a_host_that_does_not_listen_is_named_with_a_way_out(remote: RemoteHost) -> None:
    said = why(source(**written(remote, "/", port=1)))

    assert f"{remote.user}@127.0.0.1:1" in said
    assert "HINT: " in said


def test_a_host_whose_df_hangs_ends_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    df = tmp_path / "df"
    df.write_text("#!/bin/sh\nexec sleep 60\n")
    df.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with serving("asyncssh") as remote:
        said = why(source(**written(remote, "/"), timeout=0.3))

    assert "/ のファイルシステムが0.3秒以内に応答しません" in said
