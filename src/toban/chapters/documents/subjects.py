"""Which changes touch what a document is about. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.engine.changes.act import ChangeKind, key_of
from toban.engine.changes.hosts import hosts_of

OF_THE_SYSTEM = (
    ChangeKind.DOCUMENT,
    ChangeKind.SETTINGS,
    ChangeKind.RELEASE,
    ChangeKind.ROLLBACK,
    ChangeKind.SCALING,
    ChangeKind.PATCH,
    ChangeKind.OTHER,
)
"""A change of another kind touches a document only that names its kind: somebody's silence is no change."""
_CHAPTERS = frozenset(Chapter)
_KINDS = frozenset(ChangeKind)
_NAMING = ("host", "hosts", "instance", "place", "service", "environment")
"""The settings that name what releases and patches are about."""
_MOST_NEAR = 3


@dataclass(frozen=True, slots=True)
class Subjects:
    """What a document is about."""

    kinds: frozenset[ChangeKind]
    chapters: frozenset[str]
    names: frozenset[str]
    """Targets, hosts, batches and rows, in the form in which changes hold them."""

    @property
    def wanted(self) -> Collection[ChangeKind]:
        """The kinds that may touch it."""
        return self.kinds | set(OF_THE_SYSTEM)

    def touched_by(self, kind: str, subjects: Iterable[str]) -> bool:
        """Return whether a change of *kind* about *subjects* touches it."""
        if kind in self.kinds:
            return True
        return kind in OF_THE_SYSTEM and any(
            each in self.names or (each.partition("/")[0] in self.chapters and "/" in each)
            for each in subjects
        )


def subjects_of(about: Iterable[str], around: Iterable[str] = ()) -> Subjects:
    """Return what a document is about that is *about* these words; *around* are names that belong to them."""
    words = tuple(about)
    return Subjects(
        frozenset(ChangeKind(each) for each in words if each in _KINDS),
        frozenset(each for each in words if each in _CHAPTERS),
        frozenset(key_of(each) for each in (*words, *around) if each not in _KINDS | _CHAPTERS),
    )


def rows_called(design: Design, names: Iterable[str]) -> Iterator[str]:
    """Yield the ids of the rows with these *names*: B001 for the row of the batch B001."""
    wanted = {key_of(each) for each in names}
    yield from (clause.id for clause in design.clauses if wanted & {key_of(each) for each in _called(clause)})


def known_names(design: Design, bindings: Bindings) -> frozenset[str]:
    """Return every name that a change can be about, as far as the document and the bindings say it."""
    entries = (each for table in bindings.tables.values() for each in _configs(table))
    rows = (name for clause in design.clauses for name in _called(clause))
    targets = (str(getattr(clause, "target", "")) for clause in design.clauses)
    hosts = (host for each in hosts_of(bindings).values() for host in each)
    bound = (name for _table, name in bindings.lines)
    named = (name for each in entries for name in _named(each))
    return frozenset({*rows, *targets, *hosts, *bound, *named, *_KINDS, *_CHAPTERS} - {""})


def unknown_words(about: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """Return the words of *about* that are none of the *known* names."""
    keys = {key_of(each) for each in known}
    return tuple(each for each in about if key_of(each) not in keys)


def near_names(word: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the names that *word* may have been meant to be, the nearest first."""
    written = {key_of(each): each for each in sorted(known)}
    return tuple(written[each] for each in get_close_matches(key_of(word), written, _MOST_NEAR))


def _called(clause: Clause) -> Iterator[str]:
    """Yield what people call a row: its id, its key, the last part of the key, and its name as written."""
    key = clause.id.split("/", 2)[-1]
    yield from (clause.id, key, key.rpartition("/")[2])
    name = getattr(clause, "name", "")
    if isinstance(name, str) and name:
        yield name


def _configs(table: object) -> Iterator[object]:
    entries = table.values() if isinstance(table, Mapping) else (table,)
    yield from (getattr(each, "config", each) for each in entries)


def _named(config: object) -> Iterator[str]:
    for key in _NAMING:
        match getattr(config, key, ()):
            case str() as name:
                yield name
            case tuple() as names:
                yield from (each for each in names if isinstance(each, str))
