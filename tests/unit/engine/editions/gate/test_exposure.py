"""Who else can write the document's files: owners, modes, folders, links."""

import os
from pathlib import Path

import pytest

from toban.engine.editions.gate.exposure import others_who_write

NOBODY = 65534
is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "ops"
    folder.mkdir(mode=0o755)
    made = folder / "toban.toml"
    made.write_text("")
    made.chmod(0o644)
    return made


def why(*files: Path) -> str:
    return str(others_who_write(files))


def test_a_file_that_only_we_can_write_is_not_open(file: Path) -> None:
    assert why(file) == ""


def test_a_file_that_everybody_can_write_is_open(file: Path) -> None:
    file.chmod(0o666)

    assert why(file) == f"{file} にはだれでも書き込めます"


def test_the_folders_above_count_as_the_file_does(file: Path) -> None:
    file.parent.chmod(0o777)

    assert str(file.parent) in why(file)


def test_in_a_sticky_folder_nobody_replaces_the_file_but_anybody_creates_a_missing_one(file: Path) -> None:
    file.parent.chmod(0o1777)

    assert why(file) == ""
    assert str(file.parent) in why(file.with_name("other.toml"))


def test_a_link_leads_to_the_folders_of_what_it_names(file: Path, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    link = private / "toban.toml"
    link.symlink_to(file)
    assert why(link) == ""

    file.parent.chmod(0o777)

    assert str(file.parent) in why(link)


def test_the_folder_that_holds_a_link_counts_too(file: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    link = shared / "toban.toml"
    link.symlink_to(file)

    assert str(shared) in why(link)


def test_links_in_a_circle_end_and_are_not_trusted(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.symlink_to(second)
    second.symlink_to(first)

    assert why(first) != ""


@is_root
def test_a_file_of_another_user_is_open_and_so_is_one_in_their_folder(file: Path) -> None:
    os.chown(file, NOBODY, NOBODY)
    assert "のもので" in why(file)

    os.chown(file, 0, 0)
    os.chown(file.parent, NOBODY, NOBODY)

    assert str(file.parent) in why(file)


@is_root
def test_a_group_is_open_unless_nobody_else_is_in_it(file: Path) -> None:
    file.chmod(0o664)
    assert why(file) == ""

    os.chown(file, 0, NOBODY)

    assert "グループ" in why(file)
