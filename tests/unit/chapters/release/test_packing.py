"""The archive of a tree: the same bytes for the same contents, and all of them."""

import os
import tarfile
from pathlib import Path

from toban.chapters.release.running.packing import pack


def tree(root: Path, *, links: bool) -> Path:
    (root / "lib").mkdir(parents=True)
    (root / "lib" / "a").write_text("contents")
    if links:
        os.link(root / "lib" / "a", root / "lib" / "b")
    else:
        (root / "lib" / "b").write_text("contents")
    (root / "current").symlink_to("lib/a")
    (root / "away").symlink_to("/etc/passwd")
    return root


def test_every_name_of_a_file_has_its_contents(tmp_path: Path) -> None:
    digest = pack(tree(tmp_path / "linked", links=True), tmp_path / "linked.tar")
    with tarfile.open(tmp_path / "linked.tar") as archive:
        assert sorted(archive.getnames()) == ["away", "current", "lib", "lib/a", "lib/b"]
        copied = archive.extractfile("lib/b")
        assert copied is not None
        assert copied.read() == b"contents"
        assert (archive.getmember("away").issym(), archive.getmember("away").size) == (True, 0)
    assert digest == pack(tree(tmp_path / "copied", links=False), tmp_path / "copied.tar")


def test_what_is_no_file_is_left_out(tmp_path: Path) -> None:
    root = tree(tmp_path / "tree", links=False)
    os.mkfifo(root / "pipe")
    pack(root, tmp_path / "out.tar")
    with tarfile.open(tmp_path / "out.tar") as archive:
        assert "pipe" not in archive.getnames()
