"""Which changes touch what a document is about. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from toban.design.chapter import Chapter
from toban.engine.changes.act import ChangeKind, key_of

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
