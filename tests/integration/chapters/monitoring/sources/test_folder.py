"""How full a real folder is."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from toban.chapters.monitoring.source import Unmeasurable
from toban.chapters.monitoring.sources.folder.source import FolderConfig, FolderSource
from toban.design.values.metric import Metric

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MB = 1_000_000


def _config(path: Path, **keys: object) -> FolderConfig:
    return FolderConfig.model_validate({"path": str(path), "size": "10MB", **keys})


def _used(path: Path, **keys: object) -> float:
    (found,) = FolderSource(_config(path, **keys)).measure(NOON)
    assert found.metric is Metric.DISK_USAGE
    return found.value


def _write(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))


def test_all_files_below_it_count_against_its_size(tmp_path: Path) -> None:
    _write(tmp_path / "a.log", 3 * MB)
    _write(tmp_path / "old" / "deep" / "b.log", 2 * MB)

    assert _used(tmp_path) == pytest.approx(50, abs=1)


def test_it_can_be_fuller_than_full(tmp_path: Path) -> None:
    _write(tmp_path / "a.log", 12 * MB)

    assert _used(tmp_path) > 100


def test_an_empty_folder_is_nearly_empty(tmp_path: Path) -> None:
    assert _used(tmp_path) < 1


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    _write(tmp_path / "elsewhere" / "a.log", 5 * MB)
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "folder").symlink_to(tmp_path / "elsewhere")
    (spool / "file").symlink_to(tmp_path / "elsewhere" / "a.log")

    assert _used(spool) < 1


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    _write(tmp_path / "real" / "a.log", 5 * MB)
    (tmp_path / "named").symlink_to(tmp_path / "real")

    assert _used(tmp_path / "named") == pytest.approx(50, abs=1)


def test_a_file_with_two_names_counts_once(tmp_path: Path) -> None:
    _write(tmp_path / "a.log", 3 * MB)
    os.link(tmp_path / "a.log", tmp_path / "b.log")

    assert _used(tmp_path) == pytest.approx(30, abs=1)


def test_only_what_a_sparse_file_takes_counts(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(9 * MB)

    assert _used(tmp_path) < 1


def test_a_folder_that_is_not_there_has_no_value(tmp_path: Path) -> None:
    with pytest.raises(Unmeasurable, match="spool: フォルダーを読めません"):
        FolderSource(_config(tmp_path / "away", instance="spool")).measure(NOON)


def test_more_files_than_can_be_looked_at_have_no_value(tmp_path: Path) -> None:
    for number in range(4):
        _write(tmp_path / f"{number}", 10)

    assert FolderSource(_config(tmp_path), most=4).measure(NOON)
    with pytest.raises(Unmeasurable, match="3 を超える"):
        FolderSource(_config(tmp_path), most=3).measure(NOON)


def test_what_may_not_be_read_makes_the_whole_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path / "closed" / "a.log", 10)
    real = os.open

    def refuse(path: object, *rest: object, **more: object) -> int:
        # As root, which tests may run as, no folder is closed.
        if path == "closed":
            raise PermissionError(13, "Permission denied")
        return real(path, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)

    with pytest.raises(Unmeasurable, match="Permission denied"):
        FolderSource(_config(tmp_path)).measure(NOON)


def test_a_size_is_written_with_its_unit(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="大きさと読めません"):
        _config(tmp_path, size="20")
