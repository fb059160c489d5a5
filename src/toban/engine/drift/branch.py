"""A change of the document as a commit on a branch of its own, and its push.

The work tree, its index and its branch stay as they are. As everywhere, the repository is not trusted: its
own settings can name programs. So its objects are written from an empty repository of our own, and only the
name of the branch is written in it, without hooks.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

from toban.engine.drift.bindings import DriftBinding
from toban.engine.editions.gate.repository import Repository, repository_of
from toban.engine.git.failure import RepositoryFailed
from toban.engine.git.names import is_usable_name
from toban.engine.git.program import Access, Git, GitFailed, over_https, over_ssh, protocol_of
from toban.engine.git.trouble import explained
from toban.engine.orders import NotPossible
from toban.engine.trial import Doubt
from toban.message import Message, message_of

_SHA256_LENGTH = 64
_NEW = {40: "0" * 40, _SHA256_LENGTH: "0" * _SHA256_LENGTH}
"""How git writes that a branch must not be there yet."""
_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class CommitAuthor:
    """Who makes the commit: those who approve a new version must be others."""

    name: str
    email: str

    @classmethod
    def of(cls, user: str) -> "CommitAuthor":
        """Return *user* of this machine, by the name and address that they have given to git."""
        own = {each: _of_git(f"user.{each}") for each in ("name", "email")}
        return cls(own["name"] or user, own["email"] or f"{user}@{socket.gethostname()}")


@dataclass(frozen=True, slots=True)
class DocumentCommit:
    """The commit that changes the document."""

    branch: str
    sha: str
    repository: Repository


def committed(
    file: Path, known: bytes, text: str, *, author: CommitAuthor, message: str, branch: str = ""
) -> DocumentCommit:
    """Return a commit on a new *branch* in which the document *file* is *text*.

    Raises `NotPossible` unless the file is in a repository and its last commit holds what is *known*, or if
    there is such a branch already.
    """
    repository = repository_of(file)
    head = repository.head() if repository is not None else ""
    if repository is None or not head:
        raise NotPossible(Message("drift.no-repository", file=str(file)), Message("drift.write-the-file"))
    if repository.content(head, file) != known:
        raise NotPossible(Message("drift.not-committed", file=str(file)), Message("drift.commit-first"))
    name = branch or f"toban/drift-{sha256(text.encode()).hexdigest()[:8]}"
    if not is_usable_name(name):
        raise NotPossible(Message("drift.not-a-branch", branch=name))
    path = (file.parent.resolve() / file.name).relative_to(repository.root).parts
    with _asking(), _writing(repository, head) as git:
        blob = git.made("hash-object", "-w", "--stdin", given=text.encode())
        tree = _tree(git, f"{head}^{{tree}}", path, blob)
        sha = git.made("commit-tree", tree, "-p", head, "-F", "-", given=message.encode(), author=author)
        Git(repository.common).run("update-ref", f"refs/heads/{name}", sha, _NEW[len(sha)])
    return DocumentCommit(name, sha, repository)


def push(commit: DocumentCommit, bound: DriftBinding) -> None:
    """Send the branch to the bound remote; raise `NotPossible`, also if that has another such branch."""
    url = remote_of(bound)
    within = bound.fetch_within.total_seconds()
    with _asking(), _writing(commit.repository, commit.sha) as git:
        access = access_of(bound)
        variables = {**access.variables, **git.objects}
        to = Access(access.protocol, access.settings, variables, access.secrets)
        git.git.run(
            "push", "--no-verify", "--no-recurse-submodules", "--quiet",
            # Nothing there is overwritten or continued.
            f"--force-with-lease=refs/heads/{commit.branch}:", "--end-of-options", url,
            f"{commit.sha}:refs/heads/{commit.branch}", access=to, within=within,
        )  # fmt: skip


def remote_of(bound: DriftBinding) -> str:
    """Return where changes are sent; raise `NotPossible` if the bindings do not say."""
    if bound.remote is None:
        raise NotPossible(Message("drift.no-remote"), Message("drift.write-a-remote"))
    return bound.remote


def doubts(bound: DriftBinding) -> Iterator[Doubt]:
    """Ask the bound remote for its branches, and yield why it does not answer."""
    try:
        with TemporaryDirectory() as made:
            Git(Path(made)).run(
                "ls-remote", "--heads", "--end-of-options", str(bound.remote), access=access_of(bound)
            )
    except GitFailed as error:
        yield explained(error).doubt
    except RepositoryFailed as error:
        yield error.doubt


def access_of(bound: DriftBinding) -> Access:
    """Return how the bound remote is reached; raise `RepositoryFailed` for a missing secret."""
    url = bound.remote or ""
    if protocol_of(url) == "ssh":
        return over_ssh(bound.ssh_key, bound.known_hosts)
    return over_https(url, bound.username, bound.token, bound.ca_file, bound.proxy)


def _tree(git: "_ObjectWriter", tree: str, path: Sequence[str], blob: str) -> str:
    """Return the tree with *blob* at *path*: the trees on the way are new, everything else is as it was."""
    name, *rest = path
    lines = git.read("ls-tree", "-z", tree).split(b"\0")
    kept = []
    for line in filter(None, lines):
        about, _, called = line.partition(b"\t")
        if called == os.fsencode(name):
            mode, kind, sha = about.decode().split()
            new = _tree(git, sha, rest, blob) if rest else blob
            about = f"{mode} {kind} {new}".encode()
        kept.append(about + b"\t" + called)
    return git.made("mktree", "-z", given=b"".join(each + b"\0" for each in kept))


@dataclass(frozen=True, slots=True)
class _ObjectWriter:
    """Git in an empty repository that writes its objects into another."""

    git: Git
    store: Path

    @property
    def objects(self) -> dict[str, str]:
        return {"GIT_OBJECT_DIRECTORY": str(self.store)}

    def read(self, *arguments: str) -> bytes:
        return self.git.run(*arguments, access=Access(variables=self.objects)).output

    def made(self, *arguments: str, given: bytes, author: CommitAuthor | None = None) -> str:
        """Return the name of the object that git makes of what it is *given*."""
        variables = self.objects
        if author is not None:
            variables |= {
                f"GIT_{part}_{what}": value
                for part in ("AUTHOR", "COMMITTER")
                for what, value in (("NAME", author.name), ("EMAIL", author.email))
            }
        with TemporaryFile() as file:
            file.write(given)
            file.seek(0)
            with self.git.started(*arguments, access=Access(variables=variables), given=file) as running:
                return running.output.read().decode().strip()


@contextmanager
def _writing(repository: Repository, sha: str) -> Iterator[_ObjectWriter]:
    with TemporaryDirectory() as made:
        git = Git(Path(made))
        form = "sha256" if len(sha) == _SHA256_LENGTH else "sha1"
        git.run(
            "init", "--bare", "--quiet", "--template=", "--initial-branch=none", f"--object-format={form}"
        )
        yield _ObjectWriter(git, (repository.common / "objects").resolve())


@contextmanager
def _asking() -> Iterator[None]:
    try:
        yield
    except GitFailed as error:
        known = explained(error)
        raise NotPossible(message_of(known), known.hint) from error
    except RepositoryFailed as error:
        raise NotPossible(message_of(error), error.hint) from error


def _of_git(key: str) -> str:
    """Return a setting of the account that runs this, empty if there is none."""
    program = shutil.which("git")
    if program is None:
        return ""
    # Only the account's own: a repository could claim to be anybody.
    asked = [program, "config", "--global", "--get", key]
    try:
        done = subprocess.run(asked, capture_output=True, timeout=_WITHIN, check=False, cwd="/")
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return " ".join(done.stdout.decode("utf-8", "replace").split())
