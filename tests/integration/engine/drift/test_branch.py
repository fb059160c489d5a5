"""A commit of the document in real repositories: other hashes, a linked work tree, a branch that is there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.integration import remote_host
from tests.integration.chapters.release.git_host import GIT

from toban.engine.drift.bindings import DriftBinding
from toban.engine.drift.branch import CommitAuthor, DocumentCommit, committed, doubts, push
from toban.engine.orders import NotPossible

NAMI = CommitAuthor("Nami", "nami@example.com")


def git(at: Path, *arguments: str) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=Kei", "-c", "user.email=kei@example.com")
    done = subprocess.run(
        [GIT, *who, *arguments], cwd=at, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.fixture(params=["sha1", "sha256"])
def work(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A linked work tree, whose repository is elsewhere."""
    root = tmp_path / "main"
    (root / "docs").mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch=main", f"--object-format={request.param}")
    (root / "docs" / "design.md").write_text("one\n")
    (root / "other").write_text("other\n")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "first")
    git(root, "worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "linked")
    git(tmp_path, "init", "--quiet", "--bare", f"--object-format={request.param}", "remote.git")
    return tmp_path / "linked"


def change(work: Path, text: str = "two\n", branch: str = "drift") -> DocumentCommit:
    file = work / "docs" / "design.md"
    return committed(file, b"one\n", text, author=NAMI, message="changed", branch=branch)


def test_a_linked_work_tree_and_longer_hashes_make_no_difference(work: Path) -> None:
    made = change(work)

    assert git(work, "show", "drift:docs/design.md") == "two\n"
    assert git(work, "show", "drift:other") == "other\n"
    assert git(work, "rev-parse", "drift").strip() == made.sha
    assert (work / "docs" / "design.md").read_text() == "one\n"
    assert git(work, "status", "--porcelain") == ""
    git(work, "fsck", "--strict")


def test_a_branch_of_the_remote_is_neither_overwritten_nor_continued(work: Path) -> None:
    remote = work.parent / "remote.git"
    bound = DriftBinding.model_validate({"remote": str(remote)})
    assert list(doubts(bound)) == []
    git(work, "push", "--quiet", str(remote), "HEAD:refs/heads/drift")
    before = git(remote, "rev-parse", "drift")
    made = change(work)

    with pytest.raises(NotPossible):
        push(made, bound)

    assert git(remote, "rev-parse", "drift") == before
    push(change(work, branch="another"), bound)
    assert git(remote, "show", "another:docs/design.md") == "two\n"


def test_a_branch_is_pushed_over_ssh_to_a_host_whose_key_is_known(work: Path) -> None:
    with remote_host.serving("openssh") as server:
        place = server.folder / "document.git"
        shutil.copytree(work.parent / "remote.git", place)
        if os.getuid() == 0:
            for each in (place, *place.rglob("*")):
                os.chown(each, 12345, 12345)
        bound = {
            "remote": f"ssh://{server.user}@127.0.0.1:{server.port}{place}",
            "ssh_key": str(server.key),
            "known_hosts": str(server.write_known_hosts()),
        }
        other = server.write_known_hosts(remote_host.new_public_key())
        hostile = "| 30日 \\| <!-- toban: kind=batch --> `x` \u202e|\n"
        made = change(work, hostile)

        with pytest.raises(NotPossible, match="ホスト鍵"):
            push(made, DriftBinding.model_validate(bound | {"known_hosts": str(other)}))
        push(made, DriftBinding.model_validate(bound))

        safe = ("-c", f"safe.directory={place}")
        assert git(place, *safe, "show", "drift:docs/design.md") == hostile
        assert git(place, *safe, "for-each-ref", "--format=%(refname)").split() == ["refs/heads/drift"]


def test_a_remote_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    bound = DriftBinding.model_validate({"remote": str(tmp_path / "gone.git")})

    assert len(list(doubts(bound))) == 1


@pytest.mark.parametrize("branch", ["a..b", "-x", "a b", "x.lock"])
def test_a_name_that_git_would_misread_is_refused(work: Path, branch: str) -> None:
    with pytest.raises(NotPossible):
        change(work, branch=branch)
