"""The tree of a commit as files: exactly what was committed, and nothing outside of the folder."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from toban.chapters.release.source import SourceFailed
from toban.engine.git.line import shown
from toban.engine.git.program import Git
from toban.message import Message

MOST_FILES = 200_000
MOST_BYTES = 4 * 1024**3
_LONGEST_TARGET = 4096
_CHUNK = 1024**2
_WITHIN = 600.0
_LINK, _EXECUTABLE, _SUBMODULE = "120000", "100755", "160000"


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A file, a link, or a submodule of a commit's tree."""

    mode: str
    hash: str
    size: int
    path: str

    @property
    def is_submodule(self) -> bool:
        """Whether it only names a commit of another repository."""
        return self.mode == _SUBMODULE


def export(git: Git, commit: str, into: Path) -> None:
    """Write the tree of *commit*, which is here, into the empty folder *into*.

    No filter of the repository changes a file, and none is left out. Links are made last: nothing is written
    through one. A link that leaves the tree, and a path that is none, are refused.
    """
    entries = list(_entries(git, commit))
    try:
        links = _written(git, entries, into)
        _link(links, into)
    except OSError as error:
        raise SourceFailed(Message("release-git.cannot-write", why=error.strerror)) from error


def _written(git: Git, entries: Sequence[TreeEntry], into: Path) -> Sequence[tuple[TreeEntry, str]]:
    """Write the files of *entries*; return the links, with where they lead."""
    links: list[tuple[TreeEntry, str]] = []
    with tempfile.TemporaryFile() as wanted:
        wanted.write(b"".join(f"{each.hash}\n".encode() for each in entries if not each.is_submodule))
        wanted.seek(0)
        with git.started("cat-file", "--batch", given=wanted, within=_WITHIN) as running:
            for each in entries:
                if each.is_submodule:
                    # What is in it belongs to another repository.
                    (into / each.path).mkdir(parents=True, exist_ok=True)
                    continue
                _begin(running.output, each)
                if each.mode == _LINK:
                    links.append((each, _target(running.output, each)))
                else:
                    _write(running.output, each, into)
                running.output.read(1)
    return links


def _link(links: Sequence[tuple[TreeEntry, str]], into: Path) -> None:
    for each, target in links:
        place = into / each.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)
    root = into.resolve()
    # Together: where one leads can depend on another.
    for each, target in links:
        if not Path(os.path.realpath(into / each.path)).is_relative_to(root):
            raise _refused("release-git.unsafe-link", path=_named(each), target=shown(target))


def _entries(git: Git, commit: str) -> Iterator[TreeEntry]:
    told = git.run("ls-tree", "-r", "-z", "-l", "--full-tree", commit).output
    lines = told.split(b"\0")[:-1]
    if len(lines) > MOST_FILES:
        raise _refused("release-git.too-many-files", count=MOST_FILES)
    total = 0
    for line in lines:
        about, _, path = line.partition(b"\t")
        mode, _kind, hash_, size = about.decode().split()
        entry = TreeEntry(mode, hash_, int(size) if size.isdecimal() else 0, os.fsdecode(path))
        total += entry.size
        if total > MOST_BYTES:
            raise _refused("release-git.tree-too-large", gibibytes=MOST_BYTES // 1024**3)
        _require_inside(entry.path)
        yield entry


def _require_inside(path: str) -> None:
    """Raise for a path that leaves the tree, or that would be a repository of its own in it."""
    parts = path.split("/")
    if any(each in ("", ".", "..") or each.casefold() == ".git" for each in parts):
        raise _refused("release-git.unsafe-path", path=shown(path))


def _target(output: IO[bytes], entry: TreeEntry) -> str:
    """Return where a link leads."""
    if entry.size > _LONGEST_TARGET:
        raise _refused("release-git.unsafe-link", path=_named(entry), target="…")
    target = os.fsdecode(_read(output, entry.size))
    if not target or "\0" in target or target.startswith("/"):
        raise _refused("release-git.unsafe-link", path=_named(entry), target=shown(target))
    return target


def _begin(output: IO[bytes], entry: TreeEntry) -> None:
    """Read the line before the content of *entry*."""
    head = output.readline(200).decode().split()
    expected: Sequence[str] = [entry.hash, "blob", str(entry.size)]
    if head != expected:
        raise SourceFailed(Message("release-git.broken-object", path=_named(entry)))


def _write(output: IO[bytes], entry: TreeEntry, into: Path) -> None:
    place = into / entry.path
    place.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o755 if entry.mode == _EXECUTABLE else 0o644
    # Two entries of one name, which only a forged tree has, are an error.
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        rest = entry.size
        while rest:
            piece = _read(output, min(rest, _CHUNK))
            file.write(piece)
            rest -= len(piece)


def _read(output: IO[bytes], size: int) -> bytes:
    found = output.read(size)
    if len(found) != size:
        raise SourceFailed(Message("release-git.cut-off"))
    return found


def _named(entry: TreeEntry) -> str:
    return shown(entry.path)


def _refused(code: str, **values: object) -> SourceFailed:
    return SourceFailed(Message(code, **values), retry=False)
