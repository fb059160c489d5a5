"""The Git repository that the document's files come from, read without trusting it.

Somebody who can push, or write into the repository's folder, must not decide what this process runs: Git's
own settings can name programs (`gpg.program`, `core.fsmonitor`). So every question is asked in an empty
repository of our own, which only borrows the objects.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from pathlib import Path
from tempfile import TemporaryDirectory

from toban.engine.git.forge import is_forge

_PATIENCE = 20.0
_REMOTE = re.compile(r"\[\s*(?:remote[\s.\"]|include)|denycurrentbranch", re.IGNORECASE)
"""A file that is included may name a remote, too; by `denyCurrentBranch` others push into a work tree."""
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHA256_LENGTH = 64
_CO_AUTHORS = "%(trailers:key=Co-authored-by,valueonly,unfold)"
_CONFIG = """[core]
repositoryformatversion = 1
bare = true
[gpg]
program = gpg
minTrustLevel = undefined
[gpg "ssh"]
program = ssh-keygen
allowedSignersFile = {folder}/signers
[gpg "x509"]
program = false
"""
_OBJECTS_BY_SHA256 = "[extensions]\nobjectFormat = sha256\n"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, and who had a part in it, as they say themselves."""

    sha: str
    committed_at: datetime
    emails: frozenset[str]
    """Of its author, its committer and its co-authors, in lower case; empty text for one without any.

    A forge that commits what is merged on its pages is left out: it writes nothing.
    """


@dataclass(frozen=True, slots=True)
class Repository:
    """A work tree, and the folder of its repository."""

    root: Path
    folder: Path
    """`.git`, or that of a linked work tree."""
    common: Path
    """Where objects and references are."""

    def has_remote(self) -> bool:
        """Return whether commits can come from elsewhere."""
        try:
            return _REMOTE.search((self.common / "config").read_text(encoding="utf-8")) is not None
        except (OSError, UnicodeDecodeError):
            return True

    def head(self) -> str:
        """Return the commit that is checked out; empty if it can't be determined."""
        try:
            head = (self.folder / "HEAD").read_text(encoding="utf-8").strip()
            if not head.startswith("ref: "):
                return head if _SHA.fullmatch(head) else ""
            return self._resolved(head.removeprefix("ref: ").strip())
        except (OSError, UnicodeDecodeError):
            return ""

    def content(self, commit: str, file: Path) -> bytes | None:
        """Return what *file*, which is in the work tree, holds in *commit*; None if it is not there.

        A link holds the path that it leads to.
        """
        name = self._name(file)
        with self._borrowed(commit) as ask:
            return ask("cat-file", "blob", f"{commit}:{name}")

    def commit(self, sha: str) -> Commit | None:
        """Return the commit *sha*; None if it can't be read."""
        with self._borrowed(sha) as ask:
            told = ask("log", "-1", "--no-mailmap", f"--format=%ct%n%ae%n%ce%n{_CO_AUTHORS}", sha)
        lines = told.decode(errors="replace").split("\n") if told else [""]
        if not lines[0].isdecimal():
            return None
        author, committer, *others = lines[1:]
        by = [author] if is_forge(committer) else [author, committer]
        by += [parseaddr(each)[1] for each in others if each]
        emails = frozenset(map(str.casefold, by))
        return Commit(sha, datetime.fromtimestamp(int(lines[0]), UTC), emails)

    def history(self, sha: str, files: Sequence[Path], most: int) -> Sequence[str] | None:
        """Return up to *most* commits that changed one of *files*, from *sha* back, newest first.

        None if they are not all here.
        """
        with self._borrowed(sha) as ask:
            told = ask("log", f"-{most}", "--format=%H", sha, "--", *map(self._name, files))
        return told.decode().split() if told is not None else None

    def signer(self, sha: str, keys: Sequence[str]) -> str:
        """Return who has validly signed *sha* with one of *keys*, as Git says it; empty if nobody has."""
        ssh, pgp = _sorted_keys(keys)
        with self._borrowed(sha) as ask:
            (ask.folder / "signers").write_text("".join(f"{each}\n" for each in ssh), encoding="utf-8")
            for key in pgp:
                ask.import_key(key)
            if ask("verify-commit", sha) is None:
                return ""
            told = ask("log", "-1", "--format=%G?%n%GS%n%GF", sha) or b""
        verdict, _, rest = told.decode(errors="replace").partition("\n")
        # G: good; U: good, by a key whose owner GnuPG does not vouch for: only declared keys are there.
        return " ".join(rest.split()) if verdict in {"G", "U"} and rest.strip() else ""

    def _name(self, file: Path) -> str:
        return _itself(file).relative_to(self.root).as_posix()

    def _resolved(self, name: str) -> str:
        if (self.common / name).is_file():
            found = (self.common / name).read_text(encoding="utf-8").strip()
            return found if _SHA.fullmatch(found) else ""
        for line in (self.common / "packed-refs").read_text(encoding="utf-8").splitlines():
            sha, _, packed = line.partition(" ")
            if packed == name and _SHA.fullmatch(sha):
                return sha
        return ""

    @contextmanager
    def _borrowed(self, sha: str) -> Iterator["_Git"]:
        """Give an empty repository that sees this one's objects, and nothing else of it."""
        with TemporaryDirectory() as made:
            folder = Path(made)
            for part in ("objects/info", "refs", "gnupg"):
                (folder / part).mkdir(mode=0o700, parents=True)
            (folder / "HEAD").write_text("ref: refs/heads/none\n")
            config = _CONFIG.format(folder=folder)
            (folder / "config").write_text(
                config + (_OBJECTS_BY_SHA256 if len(sha) == _SHA256_LENGTH else "")
            )
            objects = (self.common / "objects").absolute()
            (folder / "objects/info/alternates").write_text(f"{objects}\n", encoding="utf-8")
            yield _Git(folder)


@dataclass(frozen=True, slots=True)
class _Git:
    """Git, in a repository of our own."""

    folder: Path

    def __call__(self, *arguments: str) -> bytes | None:
        """Return what Git writes; None if it fails."""
        return self._run("git", *arguments)

    def import_key(self, key: str) -> None:
        self._run("gpg", "--batch", "--quiet", "--no-autostart", "--import", given=key.encode())

    def _run(self, *command: str, given: bytes = b"") -> bytes | None:
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C",
            "HOME": str(self.folder),
            "GIT_DIR": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GNUPGHOME": str(self.folder / "gnupg"),
        }
        try:
            done = subprocess.run(
                command, env=environment, cwd=self.folder, input=given, capture_output=True,
                timeout=_PATIENCE, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout if done.returncode == 0 else None


def repository_of(file: Path) -> Repository | None:
    """Return the repository in whose work tree *file* is, or None; a link is where it is itself."""
    for root in _itself(file).parents:
        place = root / ".git"
        if place.is_dir():
            return Repository(root, place, place)
        if place.is_file():
            return _linked(root, place)
    return None


def _itself(file: Path) -> Path:
    return file.parent.resolve() / file.name


def _linked(root: Path, pointer: Path) -> Repository | None:
    try:
        folder = root / pointer.read_text(encoding="utf-8").strip().removeprefix("gitdir:").strip()
        common = folder / "commondir"
        if not common.is_file():
            return Repository(root, folder, folder)
        return Repository(root, folder, folder / common.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError):
        return Repository(root, pointer, pointer)


def _sorted_keys(keys: Sequence[str]) -> tuple[list[str], list[str]]:
    pgp = [key for key in keys if key.startswith("-----")]
    return [key for key in keys if key not in pgp], pgp
