"""What `git log` writes, read as commits. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

from toban.chapters.release.source import Commit
from toban.engine.git.line import shown

FIELDS = "%H%x00%an%x00%ae%x00%cn%x00%ce%x00%ct%x00%s%x00%(trailers:only,unfold)%x00"
"""What `read_commits` reads, after the token and a NUL; the paths follow."""
_FIELDS = 8
_MOST_FILES = 20_000
_LAST = 4_102_444_800
"""The year 2100: a commit may claim any time."""


def read_commits(told: bytes, token: str) -> Sequence[Commit]:
    """Return the commits in *told*, each of which begins with *token*, which none of them can know."""
    records = told.split(token.encode() + b"\0")[1:]
    return [_commit(each) for each in records]


def _commit(record: bytes) -> Commit:
    *fields, paths = record.split(b"\0", _FIELDS)
    hash_, *people, at, subject, trailers = (each.decode("utf-8", "replace") for each in fields)
    author, committer = (_person(*people[place : place + 2]) for place in (0, 2))
    names = paths.removeprefix(b"\0").removeprefix(b"\n").split(b"\0")
    return Commit(
        hash_,
        author,
        datetime.fromtimestamp(min(int(at) if at.isdecimal() else 0, _LAST), UTC),
        shown(subject),
        read_trailers(trailers),
        tuple(each.decode("utf-8", "replace") for each in names[:_MOST_FILES] if each),
        committer,
    )


def _person(name: str, address: str) -> str:
    return f"{shown(name)} <{shown(address)}>"


def read_trailers(text: str) -> dict[str, tuple[str, ...]]:
    """Return the trailers of a commit, by their names in lower case."""
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and value.strip():
            key = name.strip().lower()
            found[key] = (*found.get(key, ()), shown(value))
    return found
