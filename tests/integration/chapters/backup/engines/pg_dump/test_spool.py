"""The folder that a dump passes through belongs to one Toban alone."""

import os
import stat
from pathlib import Path

import pytest
from pytest_django import Settings

from toban.chapters.backup.engine import BackupFailed
from toban.chapters.backup.engines.pg_dump.spool import spool

NOBODY = 65534


@pytest.fixture
def home(settings: Settings, tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    settings.HOME = folder
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_dump_is_spooled_below_the_home_where_nobody_else_can_read_it(home: Path) -> None:
    with spool(None, "PostgreSQL", 1) as folder:
        (folder / "dump").write_bytes(b"orders")

        assert folder == home / "spool" / "toban-pg_dump-PostgreSQL"
        assert (mode(folder), mode(folder.parent)) == (0o700, 0o700)
    assert [each.name for each in folder.iterdir()] == [".lock"]


def test_a_folder_that_others_can_read_is_closed_before_it_is_used(home: Path) -> None:
    open_to_all = home / "spool" / "toban-pg_dump-PostgreSQL"
    open_to_all.mkdir(parents=True)
    open_to_all.chmod(0o777)

    with spool(None, "PostgreSQL", 1) as folder:
        assert mode(folder) == 0o700


def test_a_link_that_somebody_made_first_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "letter").write_text("not a dump")
    (tmp_path / "toban-pg_dump-PostgreSQL").symlink_to(elsewhere)

    with pytest.raises(BackupFailed, match="ほかの利用者のフォルダー"), spool(tmp_path, "PostgreSQL", 1):
        pass

    assert [each.name for each in elsewhere.iterdir()] == ["letter"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    theirs = tmp_path / "toban-pg_dump-PostgreSQL"
    theirs.mkdir(mode=0o777)
    os.chown(theirs, NOBODY, NOBODY)

    with pytest.raises(BackupFailed, match="ほかの利用者のフォルダー"), spool(tmp_path, "PostgreSQL", 1):
        pass

    assert list(theirs.iterdir()) == []


def test_two_tobans_with_a_subject_of_the_same_name_do_not_refuse_each_other(
    settings: Settings, home: Path, tmp_path: Path
) -> None:
    with spool(None, "PostgreSQL", 1) as ours:
        settings.HOME = tmp_path / "second"
        settings.HOME.mkdir()

        with spool(None, "PostgreSQL", 1) as theirs:
            assert theirs != ours
        with (
            pytest.raises(BackupFailed, match="別のバックアップが使っています"),
            spool(home / "spool", "PostgreSQL", 1),
        ):
            pass
