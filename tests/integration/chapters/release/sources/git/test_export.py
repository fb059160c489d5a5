"""The tree of a commit as files, of honest and of forged commits."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from tests.integration.chapters.release.git_host import GIT, Files, Repository

from toban.chapters.release.source import SourceFailed
from toban.chapters.release.sources.git.config import GitSourceConfig
from toban.chapters.release.sources.git.source import GitSource
from toban.message import message_of


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    return Repository.make(tmp_path)


def exported(shop: Repository, commit: str, tmp_path: Path) -> Path:
    shop.git("update-ref", "refs/heads/main", commit, at=shop.bare)
    git = GitSource(GitSourceConfig(url=str(shop.bare)), tmp_path / "home")
    git.fetch()
    into = tmp_path / "tree"
    into.mkdir()
    git.export(commit, into)
    return into


def forged(shop: Repository, *entries: tuple[str, str, str, str]) -> str:
    """Write a tree of (mode, type, content or hash, name) that no git would make, and commit it."""
    lines = b""
    for mode, kind, content, name in entries:
        hash_ = content if kind != "blob" else hashed(shop, "blob", content.encode())
        lines += f"{mode} {name}".encode() + b"\0" + bytes.fromhex(hash_)
    tree = hashed(shop, "tree", lines)
    return shop.git("commit-tree", tree, "-m", "forged", at=shop.bare)


def hashed(shop: Repository, kind: str, content: bytes) -> str:
    command = [GIT, "hash-object", "-t", kind, "-w", "--literally", "--stdin"]
    return (
        subprocess.run(command, cwd=shop.bare, input=content, capture_output=True, check=True)
        .stdout.decode()
        .strip()
    )


def test_every_file_comes_out_as_it_was_committed(shop: Repository, tmp_path: Path) -> None:
    files: Files = {
        "a.txt": "one\r\n",
        ".gitattributes": "*.txt text eol=lf export-ignore\n",
        "b/c d.bin": b"\0\xff" * 70000,
        "注文.txt": "$Id$ $Format:%H$\n",
        "empty": "",
    }
    (shop.work / "run").write_text("#!/bin/sh\n")
    (shop.work / "run").chmod(0o755)
    (shop.work / "current").symlink_to("b")
    (shop.work / "gone").symlink_to("no/such")
    # Without the repository's own filters, as they would be on its author's machine.
    shop.git("config", "core.attributesFile", os.devnull)
    (shop.work / ".git" / "info").mkdir(exist_ok=True)
    (shop.work / ".git" / "info" / "attributes").write_text("* -text -ident\n")
    shop.commit("shop: files", files)
    shop.push()

    tree = exported(shop, shop.head, tmp_path)

    for name, content in files.items():
        expected = content if isinstance(content, bytes) else content.encode()
        assert (tree / name).read_bytes() == expected
    assert stat.S_IMODE((tree / "run").stat().st_mode) == 0o755
    assert stat.S_IMODE((tree / "empty").stat().st_mode) == 0o644
    assert os.readlink(tree / "current") == "b"  # noqa: PTH115
    assert (tree / "gone").is_symlink()
    assert not (tree / ".git").exists()


def test_what_is_in_a_submodule_is_not_brought(shop: Repository, tmp_path: Path) -> None:
    commit = forged(
        shop, ("100644", "blob", '[submodule "x"]\n', ".gitmodules"), ("160000", "commit", "1" * 40, "vendor")
    )

    tree = exported(shop, commit, tmp_path)

    assert list((tree / "vendor").iterdir()) == []


@pytest.mark.parametrize("name", ["..", ".", ".git", ".GIT", "a/../../b", "/etc/x"])
def test_a_path_that_leaves_the_tree_is_refused(shop: Repository, tmp_path: Path, name: str) -> None:
    commit = forged(shop, ("100644", "blob", "evil", name))

    with pytest.raises(SourceFailed) as failure:
        exported(shop, commit, tmp_path)

    assert message_of(failure.value).code == "release-git.unsafe-path"
    assert list((tmp_path / "tree").iterdir()) == []


@pytest.mark.parametrize("target", ["/etc/passwd", "..", "../home/mirror.git/config", "a/../../../x"])
def test_a_link_that_leaves_the_tree_is_refused(shop: Repository, tmp_path: Path, target: str) -> None:
    commit = forged(shop, ("120000", "blob", target, "link"))

    with pytest.raises(SourceFailed) as failure:
        exported(shop, commit, tmp_path)

    assert message_of(failure.value).code == "release-git.unsafe-link"


def test_links_that_leave_the_tree_together_are_refused(shop: Repository, tmp_path: Path) -> None:
    inner = hashed(shop, "tree", b"120000 up\0" + bytes.fromhex(hashed(shop, "blob", b"..")))
    commit = forged(shop, ("40000", "tree", inner, "a"), ("120000", "blob", "a/up/..", "link"))

    with pytest.raises(SourceFailed) as failure:
        exported(shop, commit, tmp_path)

    assert message_of(failure.value).code == "release-git.unsafe-link"


def test_nothing_is_written_through_a_link(shop: Repository, tmp_path: Path) -> None:
    inner = hashed(shop, "tree", b"100644 x\0" + bytes.fromhex(hashed(shop, "blob", b"evil")))
    commit = forged(shop, ("120000", "blob", str(tmp_path), "a"), ("40000", "tree", inner, "a"))

    with pytest.raises(SourceFailed):
        exported(shop, commit, tmp_path)

    assert not (tmp_path / "x").exists()


def test_two_entries_of_one_name_are_refused(shop: Repository, tmp_path: Path) -> None:
    commit = forged(shop, ("100644", "blob", "one", "a"), ("100644", "blob", "two", "a"))

    with pytest.raises(SourceFailed) as failure:
        exported(shop, commit, tmp_path)

    assert message_of(failure.value).code == "release-git.cannot-write"


def test_an_unknown_commit_is_refused(shop: Repository, tmp_path: Path) -> None:
    shop.commit("shop: it opens")
    shop.push()

    with pytest.raises(SourceFailed) as failure:
        GitSource(GitSourceConfig(url=str(shop.bare)), tmp_path / "home").export("1" * 40, tmp_path)

    assert message_of(failure.value).code == "release-git.unknown-name"
