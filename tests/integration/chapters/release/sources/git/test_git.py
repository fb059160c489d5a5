"""Plain git as a source, with real repositories over HTTP, SSH and on this machine."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncssh
import psutil
import pytest
from tests.integration import remote_host
from tests.integration.chapters.release.git_host import GIT, KEI, GitHost, Repository, serving
from tests.ports import free_port

from toban.chapters.release.source import ProofKind, SourceFailed
from toban.chapters.release.sources.git import KIND
from toban.chapters.release.sources.git.config import GitSourceConfig
from toban.chapters.release.sources.git.source import GitSource
from toban.engine.bindings.secret import Secret
from toban.message import Message, message_of

TOKEN = "very-secret-indeed"


@pytest.fixture(scope="module")
def grounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GitHost, Repository]]:
    """A host, and a repository with a reviewed merge, a tag and a release branch."""
    folder = tmp_path_factory.mktemp("git")
    repository = Repository.make(folder)
    repository.commit("shop: it opens", {"shop.py": "print(1)\n"})
    repository.git("checkout", "--quiet", "-b", "feature/cart")
    repository.commit("shop: a cart\n\nReversible: yes", {"db/migrations/1.sql": "create table cart ();\n"})
    repository.git("checkout", "--quiet", "main")
    repository.merge("feature/cart", "merge the cart\n\nReviewed-by: Kei <kei@example.com>", author=KEI)
    repository.git("tag", "-a", "v1.0", "-m", "the first")
    repository.git("branch", "release/1.0")
    repository.push("--all")
    repository.push("--tags")
    with serving(folder / "served") as host:
        yield host, repository


@pytest.fixture
def host(grounds: tuple[GitHost, Repository]) -> Iterator[GitHost]:
    """The host, which behaves well again after a test."""
    found = grounds[0]
    yield found
    found.password, found.status, found.location, found.hangs = "", 0, "", False
    found.asked.clear()


@pytest.fixture
def shop(grounds: tuple[GitHost, Repository]) -> Repository:
    return grounds[1]


def source(folder: Path, url: str, **written: object) -> GitSource:
    config = GitSourceConfig.model_validate({"url": url, **written})
    return GitSource(config, folder)


def said(failure: pytest.ExceptionInfo[SourceFailed]) -> str:
    return message_of(failure.value).code


def test_it_knows_branches_tags_and_versions(tmp_path: Path, host: GitHost, shop: Repository) -> None:
    git = source(tmp_path, f"{host.url}/shop.git")

    heads = {each.name: each.commit for each in git.fetch()}

    assert heads == {"main": shop.head, "feature/cart": shop.git("rev-parse", "feature/cart"),
                     "release/1.0": shop.head}  # fmt: skip
    assert [(each.name, each.commit) for each in git.tags()] == [("v1.0", shop.head)]
    assert git.resolve("v1.0") == git.resolve("main") == git.resolve(shop.head[:10]) == shop.head
    assert git.label(shop.head) == "v1.0"
    assert git.label(heads["feature/cart"]) == heads["feature/cart"][:12]


def test_it_says_what_lies_between_two_versions(tmp_path: Path, host: GitHost, shop: Repository) -> None:
    git = source(tmp_path, f"{host.url}/shop.git")
    git.fetch()
    first = shop.git("rev-list", "--max-parents=0", "HEAD")

    between = git.commits(first, shop.head)

    assert [each.subject for each in between] == ["merge the cart", "shop: a cart"]
    assert between[0].author == "Kei <kei@example.com>"
    assert between[0].committer == "Nami <nami@example.com>"
    assert between[0].files == ()
    assert between[1].files == ("db/migrations/1.sql",)
    assert between[1].trailers == {"reversible": ("yes",)}
    assert git.is_ancestor(first, shop.head)
    assert not git.is_ancestor(shop.head, first)
    assert not git.is_ancestor("0" * 40, first)


def test_the_merge_proves_the_review_of_what_it_brought(
    tmp_path: Path, host: GitHost, shop: Repository
) -> None:
    git = source(tmp_path, f"{host.url}/shop.git")
    git.fetch()

    for commit in (shop.head, shop.git("rev-parse", "feature/cart")):
        given = {each.kind: each.is_given for each in git.proofs(commit)}
        assert given == {ProofKind.REVIEW: True, ProofKind.MERGE: True, ProofKind.CHECKS: None}

    first = shop.git("rev-list", "--max-parents=0", "HEAD")
    assert {each.kind: each.is_given for each in git.proofs(first)}[ProofKind.REVIEW] is False


def test_the_token_is_sent_and_shown_nowhere(
    tmp_path: Path, host: GitHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TOKEN", TOKEN)
    host.password = TOKEN
    arguments: set[str] = set()
    watching = threading.Event()

    def watch() -> None:
        while not watching.wait(0.005):
            for each in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    arguments.update(each.cmdline())

    watcher = threading.Thread(target=watch)
    watcher.start()
    git = source(tmp_path, f"{host.url}/shop.git", token="env:GIT_TOKEN")
    heads = git.fetch()
    watching.set()
    watcher.join()

    assert heads
    assert any("http-backend" in each or "fetch" in each for each in arguments)
    assert not any(TOKEN in each or "Basic" in each for each in arguments)
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert kept == []


def test_a_wrong_token_is_said_without_showing_it(
    tmp_path: Path, host: GitHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TOKEN", TOKEN)
    host.password = "another"
    git = source(tmp_path, f"{host.url}/shop.git", token="env:GIT_TOKEN")

    with pytest.raises(SourceFailed) as failure:
        git.fetch()

    assert said(failure) == "release-git.not-let-in"
    assert failure.value.retry is False
    assert TOKEN not in str(failure.value)
    assert [each[0].code for each in git.doubts() if isinstance(each, tuple)] == ["release-git.not-let-in"]


def test_a_missing_token_names_its_place(tmp_path: Path, host: GitHost) -> None:
    with pytest.raises(SourceFailed) as failure:
        source(tmp_path, f"{host.url}/shop.git", token="env:NO_SUCH_TOKEN").fetch()

    assert "NO_SUCH_TOKEN" in str(failure.value)


def test_the_token_does_not_follow_to_another_host(
    tmp_path: Path, host: GitHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TOKEN", TOKEN)
    with serving(tmp_path) as other:
        host.status, host.location = 301, f"{other.url}/shop.git/info/refs?service=git-upload-pack"
        with pytest.raises(SourceFailed) as failure:
            source(tmp_path / "home", f"{host.url}/shop.git", token="env:GIT_TOKEN").fetch()

        assert said(failure) == "release-git.moved"
        assert other.asked == []


def test_a_remote_that_hangs_is_given_up_in_time(tmp_path: Path, host: GitHost) -> None:
    host.hangs = True
    before = psutil.Process().children(recursive=True)

    with pytest.raises(SourceFailed) as failure:
        source(tmp_path, f"{host.url}/shop.git", fetch_within="1秒").fetch()

    assert said(failure) == "release-git.too-slow"
    assert failure.value.retry is True
    assert psutil.Process().children(recursive=True) == before


@pytest.mark.parametrize(
    ("path", "code"),
    [("/gone.git", "release-git.no-such-repository"), ("", "release-git.unreachable")],
    ids=["repository", "host"],
)
def test_a_remote_that_is_gone_is_said(tmp_path: Path, host: GitHost, path: str, code: str) -> None:
    url = f"{host.url}{path}" if path else f"http://127.0.0.1:{free_port()}/shop.git"

    with pytest.raises(SourceFailed) as failure:
        source(tmp_path, url).fetch()

    assert said(failure) == code


def test_what_was_fetched_stays_readable_while_the_remote_is_away(
    tmp_path: Path, host: GitHost, shop: Repository
) -> None:
    git = source(tmp_path, f"{host.url}/shop.git")
    git.fetch()
    host.status = 503

    with pytest.raises(SourceFailed) as failure:
        git.fetch()

    assert failure.value.retry is True
    assert git.resolve("main") == shop.head


def test_git_that_is_not_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SourceFailed) as failure:
        source(tmp_path, "/srv/git/shop.git").fetch()

    assert said(failure) == "release-git.not-installed"
    assert failure.value.hint


def test_an_empty_repository_has_no_branches(tmp_path: Path) -> None:
    empty = Repository.make(tmp_path)
    git = source(tmp_path / "home", str(empty.bare))

    assert git.fetch() == []
    assert [doubt[0].code for doubt in git.doubts() if isinstance(doubt, tuple)] == [
        "release-git.empty-repository"
    ]
    with pytest.raises(SourceFailed) as failure:
        git.resolve("main")
    assert said(failure) == "release-git.unknown-name"


def test_a_node_whose_mirror_lacks_a_commit_fetches_it_to_export_it(
    tmp_path: Path, host: GitHost, shop: Repository
) -> None:
    leading = source(tmp_path / "one", f"{host.url}/shop.git")
    other = source(tmp_path / "two", f"{host.url}/shop.git")
    other.fetch()
    shop.commit("shop: it closes", {"closed": "at ten\n"})
    shop.push()
    leading.fetch()
    into = tmp_path / "tree"
    into.mkdir()

    other.export(shop.head, into)

    assert (into / "closed").read_text() == "at ten\n"
    with pytest.raises(SourceFailed) as failure:
        other.export("0" * 40, into)
    assert said(failure) == "release-git.unknown-name"


def test_an_unknown_version_is_refused_with_those_that_are_there(
    tmp_path: Path, host: GitHost, shop: Repository
) -> None:
    shop.clock += 60
    shop.git("tag", "--annotate", "--message=the next one", "v1.1")
    shop.push("v1.1")
    git = source(tmp_path, f"{host.url}/shop.git")
    git.fetch()

    with pytest.raises(SourceFailed) as failure:
        git.resolve("v9.9")

    assert said(failure) == "release-git.unknown-name"
    hint = failure.value.hint
    assert hint.code == "release-git.name-a-version"
    names = hint.values["names"]
    assert isinstance(names, tuple)
    assert names[0] == "v1.1"
    assert {"v1.0", "main", "release/1.0"} <= set(names)


def test_a_trunk_of_another_name_is_doubted(tmp_path: Path, host: GitHost) -> None:
    git = source(tmp_path, f"{host.url}/shop.git", trunk="master")

    assert [doubt[0] for doubt in git.doubts() if isinstance(doubt, tuple)] == [
        Message("release-git.no-trunk", trunk="master")
    ]
    assert list(KIND.doubts(GitSourceConfig(url=f"{host.url}/shop.git"), tmp_path)) == []


def test_a_shallow_history_is_refused(tmp_path: Path, shop: Repository) -> None:
    subprocess.run(
        [GIT, "clone", "--quiet", "--bare", "--depth=1", f"file://{shop.bare}", str(tmp_path / "cut.git")],
        check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull},
    )  # fmt: skip

    with pytest.raises(SourceFailed) as failure:
        source(tmp_path / "home", str(tmp_path / "cut.git")).fetch()

    assert said(failure) == "release-git.shallow"


def test_names_that_deceive_are_left_out(tmp_path: Path) -> None:
    evil = Repository.make(tmp_path)
    head = evil.commit("shop: it opens")
    evil.push()
    for name in ("--upload-pack=touch${IFS}x", "-x", "ma\u202ein", "a\u00e9/-b"):
        evil.git("update-ref", f"refs/heads/{name}", head, at=evil.bare)
    git = source(tmp_path / "home", str(evil.bare))

    assert [each.name for each in git.fetch()] == ["main"]
    for name in ("--upload-pack=touch${IFS}x", "main\nrefs/heads/-x", "--all", "-x", "main^{commit}", "HEAD"):
        with pytest.raises(SourceFailed) as failure:
            git.resolve(name)
        assert said(failure) == "release-git.unknown-name"


def test_ten_thousand_branches_are_read(tmp_path: Path) -> None:
    many = Repository.make(tmp_path)
    head = many.commit("shop: it opens")
    many.push()
    lines = "".join(f"create refs/heads/release/{number} {head}\n" for number in range(10_000))
    subprocess.run([GIT, "update-ref", "--stdin"], cwd=many.bare, input=lines.encode(), check=True)
    git = source(tmp_path / "home", str(many.bare))

    assert len(git.fetch()) == 10_001
    assert {each.kind: each.is_given for each in git.proofs(head)}[ProofKind.MERGE] is True
    many.git("update-ref", "-d", "refs/heads/release/77", at=many.bare)
    assert len(git.fetch()) == 10_000


def test_a_force_push_is_followed_and_the_old_commit_stays(tmp_path: Path) -> None:
    shop = Repository.make(tmp_path)
    first = shop.commit("shop: it opens")
    second = shop.commit("shop: wrong")
    shop.push()
    git = source(tmp_path / "home", str(shop.bare))
    git.fetch()
    shop.git("reset", "--quiet", "--hard", first)
    third = shop.commit("shop: right")
    shop.push()

    assert [each.commit for each in git.fetch()] == [third]
    assert not git.is_ancestor(second, third)
    assert [each.id for each in git.commits(first, second)] == [second]


def test_hooks_and_settings_of_the_machine_do_not_run(
    tmp_path: Path, shop: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    settings = tmp_path / "gitconfig"
    values = {
        "core.fsmonitor": trap,
        "core.hooksPath": tmp_path,
        "core.sshCommand": trap,
        "credential.helper": trap,
    }
    for name, value in values.items():
        shop.git("config", "--file", str(settings), name, str(value))
    (tmp_path / "reference-transaction").symlink_to(trap)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_SSH_COMMAND", str(trap))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(trap))
    home = tmp_path / "home"
    git = source(home, str(shop.bare))
    git.fetch()
    (home / "mirror.git" / "hooks").mkdir(exist_ok=True)
    (home / "mirror.git" / "hooks" / "reference-transaction").symlink_to(trap)

    git.fetch()
    git.proofs(git.resolve("main"))

    assert not (tmp_path / "sprung").exists()


def test_two_who_fetch_at_once_do_not_disturb_each_other(tmp_path: Path, host: GitHost) -> None:
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(len(source(tmp_path, f"{host.url}/shop.git").fetch())))
        for _ in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert found == [3, 3, 3, 3]


def test_a_fetch_that_was_killed_is_done_again(tmp_path: Path, host: GitHost, shop: Repository) -> None:
    """A kill -9 of the worker ends its git, and what that left behind is in nobody's way."""
    host.hangs = True
    code = (
        "import sys; from pathlib import Path\n"
        "from toban.chapters.release.sources.git.config import GitSourceConfig\n"
        "from toban.chapters.release.sources.git.source import GitSource\n"
        "GitSource(GitSourceConfig(url=sys.argv[1]), Path(sys.argv[2])).fetch()\n"
    )
    command = [sys.executable, "-c", code, f"{host.url}/shop.git", str(tmp_path)]
    with subprocess.Popen(command) as worker:
        while not host.asked:
            time.sleep(0.02)
        children = psutil.Process(worker.pid).children(recursive=True)
        worker.kill()
    psutil.wait_procs(children, timeout=10)
    assert [each for each in children if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []
    host.hangs = False
    mirror = tmp_path / "mirror.git"
    for left in ("packed-refs.lock", "refs/heads/main.lock", "objects/pack/tmp_pack_x"):
        (mirror / left).parent.mkdir(parents=True, exist_ok=True)
        (mirror / left).touch()

    heads = source(tmp_path, f"{host.url}/shop.git").fetch()

    assert {each.name for each in heads} >= {"main"}


def test_it_fetches_over_ssh_from_a_host_whose_key_is_known(tmp_path: Path, shop: Repository) -> None:
    with remote_host.serving("openssh") as server:
        place = server.folder / "shop.git"
        shutil.copytree(shop.bare, place)
        if os.getuid() == 0:
            for each in (place, *place.rglob("*")):
                os.chown(each, 12345, 12345)
        url = f"ssh://{server.user}@127.0.0.1:{server.port}{place}"
        known = server.write_known_hosts()
        git = source(tmp_path / "a", url, ssh_key=str(server.key), known_hosts=str(known))

        assert "main" in {each.name for each in git.fetch()}

        other = server.write_known_hosts(remote_host.new_public_key())
        with pytest.raises(SourceFailed) as failure:
            source(tmp_path / "b", url, ssh_key=str(server.key), known_hosts=str(other)).fetch()
        assert said(failure) == "release-git.host-key-unknown"

        wrong = tmp_path / "wrong"
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(wrong)
        wrong.chmod(0o600)
        with pytest.raises(SourceFailed) as failure:
            source(tmp_path / "c", url, ssh_key=str(wrong), known_hosts=str(known)).fetch()
        assert said(failure) == "release-git.not-let-in"


def test_secrets_are_not_printed() -> None:
    config = GitSourceConfig(url="https://git.example.com/shop.git", token=Secret("env:GIT_TOKEN"))

    assert "env:GIT_TOKEN" in repr(config)
