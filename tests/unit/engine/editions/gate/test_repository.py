"""A repository that others can push to is read without trusting anything in it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.engine.editions.gate.git import WorkTree, signer, ssh_key

from toban.engine.editions.gate.repository import Repository, repository_of


@pytest.fixture
def tree(tmp_path: Path) -> WorkTree:
    made = WorkTree(tmp_path / "ops")
    (made.root / "ops.md").write_text("# 運用\n")
    return made


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("keys")
    return ssh_key(folder / "known"), ssh_key(folder / "stranger")


def of(tree: WorkTree) -> Repository:
    found = repository_of(tree.root / "ops.md")
    assert found is not None
    return found


def test_a_signature_by_a_declared_key_is_known_and_others_are_not(
    tree: WorkTree, keys: tuple[Path, Path]
) -> None:
    known, stranger = keys
    by_known = tree.commit(known)
    (tree.root / "ops.md").write_text("# 2\n")
    by_stranger = tree.commit(stranger)
    (tree.root / "ops.md").write_text("# 3\n")
    unsigned = tree.commit()

    declared = [signer(known)]

    assert of(tree).head() == unsigned
    assert of(tree).signer(by_known, declared).startswith("mira@example.com SHA256:")
    assert [of(tree).signer(each, declared) for each in (by_stranger, unsigned)] == ["", ""]
    assert of(tree).signer(by_known, []) == ""


def test_a_key_that_signs_for_another_person_only_counts_as_that_person(
    tree: WorkTree, keys: tuple[Path, Path]
) -> None:
    commit = tree.commit(keys[0], by="eve@example.com")

    assert of(tree).signer(commit, [signer(keys[0], "gil@example.com")]).startswith("gil@example.com ")


def test_the_repositorys_own_settings_run_nothing(
    tree: WorkTree, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    commit, trap = tree.commit(keys[1]), tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\nexit 0\n")
    trap.chmod(0o755)
    for name in ("gpg.program", "gpg.ssh.program", "core.fsmonitor", "core.pager", "diff.external"):
        tree.git("config", name, str(trap))
    tree.git("config", "gpg.ssh.allowedSignersFile", str(tmp_path / "mine"))
    (tmp_path / "mine").write_text(signer(keys[1]))

    found = of(tree)

    assert found.signer(commit, [signer(keys[0])]) == ""
    assert found.content(commit, tree.root / "ops.md") == "# 運用\n".encode()
    assert found.commit(commit) is not None
    assert found.history(commit, [tree.root / "ops.md"], 5) == [commit]
    assert not (tmp_path / "sprung").exists()


def test_a_replaced_commit_is_not_what_was_signed(tree: WorkTree, keys: tuple[Path, Path]) -> None:
    signed = tree.commit(keys[0])
    (tree.root / "ops.md").write_text("# evil\n")
    evil = tree.commit()
    tree.git("replace", signed, evil)

    assert of(tree).content(signed, tree.root / "ops.md") == "# 運用\n".encode()


def test_packed_references_and_linked_work_trees_are_read(tree: WorkTree, tmp_path: Path) -> None:
    commit = tree.commit()
    tree.git("pack-refs", "--all")
    tree.git("gc", "-q")
    tree.git("worktree", "add", "-q", str(tmp_path / "linked"))

    linked = repository_of(tmp_path / "linked" / "ops.md")

    assert of(tree).head() == commit
    assert linked is not None
    assert linked.head() == commit
    assert linked.content(commit, tmp_path / "linked" / "ops.md") == "# 運用\n".encode()


@pytest.mark.parametrize(
    "written",
    [
        '[remote "origin"]', '[ REMOTE "x"]', "[remote.x]", "[include]", '[includeIf "gitdir:/"]',
        "[receive]\n\tdenyCurrentBranch = updateInstead",
    ],
)  # fmt: skip
def test_a_remote_is_found_also_where_it_may_hide(tree: WorkTree, written: str) -> None:
    assert not of(tree).has_remote()

    config = tree.root / ".git" / "config"
    config.write_text(f"{config.read_text()}{written}\n\turl = x\n")

    assert of(tree).has_remote()


@pytest.fixture
def keyring() -> Iterator[str]:
    """A home of GnuPG whose path is short: the path of its socket may have 107 bytes (unix(7))."""
    with tempfile.TemporaryDirectory() as home:
        yield home


def test_outside_of_a_repository_there_is_none(tmp_path: Path) -> None:
    assert repository_of(tmp_path / "ops.md") is None


@pytest.mark.skipif(shutil.which("gpg") is None, reason="needs GnuPG")
def test_a_signature_by_a_declared_pgp_key_is_known(tree: WorkTree, keyring: str) -> None:
    here = {**os.environ, "GNUPGHOME": keyring}
    quick = ("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", "gil@example.com", "ed25519")
    subprocess.run((*quick, "sign", "1d"), env=here, check=True)
    exported = ("gpg", "--armor", "--export", "gil@example.com")
    public = subprocess.run(exported, env=here, check=True, capture_output=True, text=True).stdout
    tree.git("config", "gpg.program", "gpg")
    tree.git("add", ".")
    committed = (
        "git", "-c", "user.signingkey=gil@example.com", "-c", "user.name=gil",
        "-c", "user.email=gil@example.com", "commit", "-q", "-S", "-m", "x",
    )  # fmt: skip
    subprocess.run(committed, cwd=tree.root, env=here, check=True)
    subprocess.run([shutil.which("gpgconf") or "gpgconf", "--kill", "all"], env=here, check=True)

    assert of(tree).signer(of(tree).head(), [public.strip()]).startswith("gil@example.com ")
    assert of(tree).signer(of(tree).head(), []) == ""
