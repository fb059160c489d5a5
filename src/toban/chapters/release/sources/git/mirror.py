"""The history of a service, read from the mirror of its repository."""

import re
from collections.abc import Sequence
from uuid import uuid4

import structlog

from toban.chapters.release.source import FIRST_COMMITS, BranchHead, Commit, SourceFailed
from toban.chapters.release.sources.git.history import FIELDS, read_commits
from toban.engine.git.mirror import BareMirror
from toban.engine.git.names import is_full_hash, is_hash, is_usable_name
from toban.message import NOTHING, Message, plain

MOST_COMMITS = 20_000
"""Commits between two releases; a longer way is refused, since nobody could say what it changes."""
_NAMED = 5
"""Versions that are named where somebody asks for one that is not there."""
_NOT_ONE = 1
"""The status by which git says no."""

log = structlog.get_logger(__name__)


class Mirror(BareMirror):
    """The mirror of a service's repository; any process and thread may use it."""

    def heads(self) -> Sequence[BranchHead]:
        """Return all branches, without those whose names would deceive readers."""
        return self._references("refs/heads/")

    def tags(self) -> Sequence[BranchHead]:
        """Return all tags, by the commits that they name."""
        return self._references("refs/tags/")

    def resolve(self, name: str) -> str:
        """Return the full hash of the branch, the tag or the commit *name*; raise `SourceFailed`."""
        candidates = [f"refs/heads/{name}", f"refs/tags/{name}"] if is_usable_name(name) else []
        if is_hash(name):
            candidates.append(name)
        for each in candidates:
            found = self._ask(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{each}^{{commit}}",
                accepts=(0, _NOT_ONE, 128),
            )  # fmt: skip
            if is_full_hash(found):
                return found
        raise self._unknown(name)

    def label(self, commit: str) -> str:
        """Return the newest tag of *commit*, or its short hash."""
        self.require(commit)
        told = self._ask(
            "for-each-ref", "--count=20", "--sort=-creatordate", f"--points-at={commit}",
            "--format=%(refname:strip=2)", "refs/tags/",
        )  # fmt: skip
        return next(filter(is_usable_name, told.splitlines()), commit[:12])

    def commits(self, after: str, upto: str) -> Sequence[Commit]:
        """Return the commits that *upto* has and *after* lacks, newest first; see `ReleaseSource`."""
        self.require(upto)
        most = MOST_COMMITS + 1 if after else FIRST_COMMITS
        gone = [f"^{after}"] if after and self.has(after) else []
        found = self._log(f"--max-count={most}", "--cc", "--name-only", "--root", upto, *gone)
        if len(found) > MOST_COMMITS:
            raise SourceFailed(Message("release-git.too-many-commits", count=MOST_COMMITS), retry=False)
        return found

    def commit(self, commit: str) -> Commit:
        """Return one commit; of a merge, the paths that it changes by itself."""
        self.require(commit)
        return self._log("--max-count=1", "--cc", "--name-only", "--root", commit)[0]

    def brought(self, merge: str) -> Sequence[Commit]:
        """Return the commits that *merge* brought to its branch; none if it is no merge."""
        parents = self.parents(merge)
        if len(parents) <= 1:
            return ()
        return self._log("--no-merges", f"--max-count={MOST_COMMITS}", *parents[1:], f"^{parents[0]}")

    def parents(self, commit: str) -> Sequence[str]:
        """Return the parents of *commit*."""
        self.require(commit)
        return self._ask("rev-list", "--max-count=1", "--parents", commit).split()[1:]

    def merge_of(self, commit: str, trunk: str) -> str:
        """Return the merge that brought *commit* to *trunk*, a commit; empty if none did."""
        told = self._ask("rev-list", "--ancestry-path", "--first-parent", "--merges", trunk, f"^{commit}")
        for merge in reversed(told.split()):
            first = self.parents(merge)[0]
            # What was there before the merge was not brought by it.
            return "" if first == commit or self.is_ancestor(commit, first) else merge
        return ""

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Return whether *newer* contains *older*; what this mirror never saw, it does not contain."""
        self.require(newer)
        if not self.has(older):
            return False
        asked = ("merge-base", "--is-ancestor", older, newer)
        return self.git.run(*asked, accepts=(0, _NOT_ONE)).status == 0

    def has(self, commit: str) -> bool:
        """Return whether *commit*, a full hash, is here."""
        if not is_full_hash(commit) or not self.git.folder.is_dir():
            return False
        return self.git.run("cat-file", "-e", f"{commit}^{{commit}}", accepts=(0, _NOT_ONE, 128)).status == 0

    def containing(self, commit: str) -> Sequence[str]:
        """Return the branches that contain *commit*."""
        self.require(commit)
        asked = (f"--contains={commit}", "--format=%(refname:strip=2)", "refs/heads/")
        told = self._ask("for-each-ref", *asked)
        return list(filter(is_usable_name, told.splitlines()))

    def require(self, commit: str) -> None:
        """Raise `SourceFailed` unless *commit* is here."""
        if not self.has(commit):
            raise self._unknown(commit)

    def _unknown(self, name: str) -> SourceFailed:
        """Return that there is no *name*; the hint names what there is, the newest first."""
        told = ""
        if self.git.folder.is_dir():
            told = self._ask(
                "for-each-ref", f"--count={_NAMED * 4}", "--sort=-creatordate", "--format=%(refname:strip=2)",
                "refs/tags/", "refs/heads/",
            )  # fmt: skip
        names = tuple(dict.fromkeys(filter(is_usable_name, told.splitlines())))[:_NAMED]
        hint = Message("release-git.name-a-version", names=names) if names else NOTHING
        return SourceFailed(Message("release-git.unknown-name", name=plain(name[:100])), hint, retry=False)

    def _references(self, prefix: str) -> Sequence[BranchHead]:
        if not self.git.folder.is_dir():
            return ()
        told = self.git.run(
            "for-each-ref",
            "--format=%(objectname) %(*objectname) %(objecttype) %(*objecttype) %(refname)",
            prefix,
        )
        found, unusable = [], 0
        for line in told.text.splitlines():
            head = _reference(line, prefix)
            if head is None:
                unusable += 1
            else:
                found.append(head)
        if unusable:
            log.warning("references_left_out", folder=str(self.folder), count=unusable)
        return found

    def _log(self, *arguments: str) -> Sequence[Commit]:
        # Nobody who writes a commit can know it.
        token = uuid4().hex
        told = self.git.run("log", "-z", "--no-mailmap", "--no-renames", "--no-show-signature",
                             f"--format={token}%x00{FIELDS}", *arguments, "--")  # fmt: skip
        return read_commits(told.output, token)

    def _ask(self, *arguments: str, accepts: Sequence[int] = (0,)) -> str:
        return self.git.run(*arguments, accepts=accepts).text


_LINE = re.compile(r"(?P<object>[0-9a-f]+) (?P<peeled>[0-9a-f]*) (?P<type>\w+) (?P<inner>\w*) (?P<name>.*)")


def _reference(line: str, prefix: str) -> BranchHead | None:
    """Return what a line of `for-each-ref` names; None if it names no commit, or has an unusable name."""
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    name = found["name"].removeprefix(prefix)
    commits = [each for each, kind in ((found["object"], found["type"]), (found["peeled"], found["inner"]))
               if kind == "commit"]  # fmt: skip
    return BranchHead(name, commits[0]) if commits and is_usable_name(name) else None
