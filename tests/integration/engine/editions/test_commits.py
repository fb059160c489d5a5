"""New commands from a Git repository: from a remote, by whom, and signed by a declared key."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.engine.editions.server import BINDINGS, DESIGN, EVIL, NOON, Server
from tests.unit.engine.editions.gate.git import WorkTree, signer, ssh_key

from toban.engine.approvals.models import ApprovalRequest
from toban.engine.editions.gate.approval import asked
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree(tmp_path: Path) -> WorkTree:
    return WorkTree(tmp_path / "tree")


def checked_out(server: Server, tree: WorkTree, bindings: str, design: str = DESIGN) -> None:
    """Write the files into the work tree, and let the server run from there."""
    server.folder = tree.root
    server.write(bindings, design)


def test_files_from_a_remote_wait_and_their_committer_does_not_approve(
    server: Server, tree: WorkTree
) -> None:
    checked_out(server, tree, BINDINGS)
    tree.commit(by="suzuki@example.com")
    tree.git("remote", "add", "origin", "https://git.example.com/ops.git")
    server.start()
    server.look()
    server.write(EVIL)
    tree.commit(by="nami@example.com")
    server.write(EVIL + "# more\n")
    tree.commit(by="suzuki@example.com")
    server.look()

    assert server.command == "['./cleanup']"
    request = asked()
    assert request is not None
    assert request.ordered_by == "nami@example.com, suzuki@example.com"
    with pytest.raises(NotPossible, match="自分"):
        server.approve("nami")


def test_a_co_author_of_a_commit_does_not_approve_it(server: Server, tree: WorkTree) -> None:
    checked_out(server, tree, BINDINGS)
    tree.commit()
    tree.git("remote", "add", "origin", "https://git.example.com/ops.git")
    server.start()
    server.look()
    server.write(EVIL)
    tree.commit(by="suzuki@example.com")
    said = "edit\n\nCo-authored-by: Nami <NAMI@example.com>"
    tree.git("commit", "-q", "--amend", "-m", said, by="suzuki@example.com")
    server.look()

    with pytest.raises(NotPossible, match="自分"):
        server.approve("nami")


def wait_from_remote(server: Server, tree: WorkTree, commits: int) -> ApprovalRequest:
    """Start with a version, and let the server look after so many commits, the oldest of which is nami's."""
    checked_out(server, tree, BINDINGS)
    tree.commit()
    tree.git("remote", "add", "origin", "https://git.example.com/ops.git")
    server.start()
    server.look()
    for number in range(commits):
        server.write(f"{EVIL}# {number}\n")
        tree.commit(by="nami@example.com" if not number else "suzuki@example.com")
    server.look()
    request = asked()
    assert request is not None
    return request


@pytest.mark.parametrize(("commits", "people"), [(29, 1), (31, 2)])
def test_who_wrote_what_is_not_looked_at_counts_as_unknown(
    server: Server, tree: WorkTree, commits: int, people: int
) -> None:
    request = wait_from_remote(server, tree, commits)

    assert request.people == people
    said = [value.code for _label, value in request.facts_said()]
    assert ("editions.others-unknown" in said) is (people > 1)


def test_a_shallow_copy_has_no_history_to_look_at(server: Server, tree: WorkTree, tmp_path: Path) -> None:
    wait_from_remote(server, tree, 2)
    copy = tmp_path / "shallow"
    tree.git("clone", "-q", "--depth", "1", f"file://{tree.root}", str(copy))
    (tree.root / ".git").rename(tree.root / "git-before")
    (copy / ".git").rename(tree.root / ".git")
    server.write(f"{EVIL}# 1\n# shallow\n")
    tree.commit(by="suzuki@example.com")
    server.look()
    request = asked()

    assert request is not None
    assert request.people == 2


def test_a_link_from_a_remote_waits_wherever_it_leads(server: Server, tree: WorkTree, tmp_path: Path) -> None:
    other = tmp_path / "old"
    other.mkdir()
    for folder, bindings in ((server.folder, BINDINGS), (other, EVIL)):
        (folder / "toban.toml").write_text(bindings)
        (folder / "ops.md").write_text(DESIGN)
    link = tree.root / "current"
    link.symlink_to(server.folder)
    tree.commit()
    tree.git("remote", "add", "origin", "https://git.example.com/ops.git")
    server.folder = link
    server.start()
    server.look()
    link.unlink()
    link.symlink_to(other)
    tree.commit()
    server.look()

    assert server.command == "['./cleanup']"
    assert asked() is not None


def test_a_file_that_git_does_not_track_comes_from_no_remote(server: Server, tree: WorkTree) -> None:
    (tree.root / "other").write_text("")
    tree.commit()
    tree.git("remote", "add", "origin", "https://git.example.com/ops.git")
    checked_out(server, tree, BINDINGS)
    server.start()
    server.look()
    server.write(EVIL)
    server.look()

    assert server.command == "['/bin/evil']"


def at(minutes: int) -> str:
    return (NOON + timedelta(minutes=minutes)).isoformat()


@pytest.fixture
def signed(server: Server, tree: WorkTree, tmp_path: Path) -> Callable[..., None]:
    """Return a function that commits bindings, signed or not, and lets the server look a minute later."""
    known, stranger = ssh_key(tmp_path / "known"), ssh_key(tmp_path / "stranger")
    head = f"[document]\napproval = true\nsigners = ['{signer(known)}']\n"
    checked_out(server, tree, head + BINDINGS)
    tree.commit(known, when=at(-1))
    server.start()
    server.look()

    def push(bindings: str, key: str, minutes: int, later: str = "") -> None:
        server.write(head + bindings)
        tree.commit({"known": known, "stranger": stranger}.get(key), when=at(minutes))
        if later:
            server.write(head + later)
        server.now = NOON + timedelta(minutes=max(minutes, 0) + 1)
        server.look()

    return push


def test_a_signed_commit_by_a_known_key_stands_for_the_approval(
    server: Server, signed: Callable[..., None]
) -> None:
    signed(EVIL, "known", 5)

    assert server.command == "['/bin/evil']"
    assert LedgerEntry.objects.get(content__has_key="signed").actor.startswith("mira@example.com SHA256:")


@pytest.mark.parametrize("key", ["stranger", "none"])
def test_another_key_and_no_key_do_not(server: Server, signed: Callable[..., None], key: str) -> None:
    signed(EVIL, key, 5)

    assert server.command == "['./cleanup']"


def test_what_was_changed_after_the_signed_commit_is_not_signed(
    server: Server, signed: Callable[..., None]
) -> None:
    signed(EVIL, "known", 5, later=EVIL.replace("evil", "worse"))

    assert server.command == "['./cleanup']"


def test_a_signed_commit_that_is_older_than_the_version_in_force_is_no_way_back(
    server: Server, signed: Callable[..., None], tree: WorkTree
) -> None:
    signed(EVIL, "known", 5)
    old = tree.git("rev-parse", "HEAD")
    signed(BINDINGS, "known", 10)
    assert server.command == "['./cleanup']"

    tree.git("reset", "-q", "--hard", old)
    server.look()

    assert server.command == "['./cleanup']"


def test_a_signature_from_the_future_does_not_count(server: Server, signed: Callable[..., None]) -> None:
    signed(EVIL, "known", -60)
    assert server.command == "['./cleanup']"

    server.now = NOON - timedelta(hours=2)
    server.start()
    server.look()

    assert server.command == "['./cleanup']"


def test_what_is_in_no_commit_takes_two_as_its_writer_may_be_the_one_who_approves(server: Server) -> None:
    server.tree = None
    server.open_to_others()
    server.write(EVIL)
    server.look()
    request = asked()
    assert request is not None
    assert request.people == 2
    assert "editions.in-no-commit" in [value.code for _label, value in request.facts_said()]
    assert server.files.refusal is not None
    assert "二人以上の承認" in str(server.files.refusal.reason)

    server.approve("nami")
    server.look()

    assert server.command == "['./cleanup']"
    assert "運用責任者" in request.role
    with pytest.raises(NotPossible):
        server.approve("nami")


@pytest.mark.parametrize(
    ("author", "committer", "people"),
    [
        ("murata@example.com", "murata@example.com", 1),
        ("MURATA+git@example.com", "suzuki@example.com", 1),
        ("nami@home.example.org", "nami@home.example.org", 2),
        ("murata@example.com", "nami@home.example.org", 2),
        ("nami@home.example.org", "murata@example.com", 2),
        # What is merged on the pages of a forge is committed by it, and written by somebody else.
        ("murata@example.com", "noreply@github.com", 1),
        ("noreply@github.com", "noreply@github.com", 2),
        ("eve@example.com", "eve@example.com", 2),
    ],
)
def test_addresses_that_nobody_in_people_has_say_not_who_wrote_it(
    server: Server, tree: WorkTree, author: str, committer: str, people: int
) -> None:
    checked_out(server, tree, BINDINGS)
    tree.commit()
    tree.git("remote", "add", "origin", "https://git.example.com/ops.git")
    server.start()
    server.look()
    server.write(EVIL)
    tree.git("add", ".")
    tree.git("commit", "-q", "-m", "edit", "--author", f"who <{author}>", by=committer)
    server.look()

    request = asked()
    assert request is not None
    assert request.people == people
    said = [str(value) for _label, value in request.facts_said()]
    assert any("のものでもないアドレスです: " in each for each in said) is (people > 1)
    assert not any("emails" in each for each in said)


def test_a_commit_without_any_address_is_nobodys(server: Server, tree: WorkTree) -> None:
    checked_out(server, tree, BINDINGS)
    tree.commit()
    tree.git("remote", "add", "origin", "https://git.example.com/ops.git")
    server.start()
    server.look()
    server.write(EVIL)
    tree.git("add", ".")
    tree.git("commit", "-q", "-m", "edit", "--author", "who <>", by="murata@example.com")
    server.look()

    request = asked()
    assert request is not None
    assert (request.people, request.ordered_by) == (2, "murata@example.com")
