"""The steps of a procedure beside what Toban does for the same subject. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from toban.chapters.backup.engine import BackupWay
from toban.chapters.backup.practice.commands import UNTOLD, ProcedureStep, StepKind
from toban.message import Message


class StepOutcome(StrEnum):
    """How Toban keeps a step of the document."""

    KEPT = "kept"
    OTHERWISE = "otherwise"
    NOT_DONE = "not-done"
    UNKNOWN = "unknown"
    """Toban does not know the command, or what it amounts to here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TobanPractice:
    """What Toban does for a subject."""

    way: BackupWay
    place: str
    """Where its backups are: `s3://bucket/backups/PostgreSQL`; empty if the engine keeps them itself."""
    is_read_back: bool
    """Whether every byte is read back, and not only the list of objects."""
    is_pruned: bool
    """Whether old backups are removed: the document says how many it keeps."""


@dataclass(frozen=True, slots=True)
class ComparedStep:
    """A step of the document, and what Toban does instead of a person who follows it."""

    step: ProcedureStep
    outcome: StepOutcome
    how: Message

    @property
    def message(self) -> Message:
        """The step in one line."""
        return Message(f"backup.step-{self.outcome}", command=self.step.command, how=self.how)


def compared(steps: Sequence[ProcedureStep], practice: TobanPractice) -> tuple[ComparedStep, ...]:
    """Return each of *steps* beside what Toban does."""
    return tuple(ComparedStep(step, *_COMPARISONS[step.kind](step, practice)) for step in steps)


type _Compared = tuple[StepOutcome, Message]


def _is(kept: bool) -> StepOutcome:
    return StepOutcome.KEPT if kept else StepOutcome.OTHERWISE


def _take(step: ProcedureStep, practice: TobanPractice) -> _Compared:
    way = practice.way
    is_same = step.what in way.programs and step.form in {"", way.form}
    return _is(is_same), Message("backup.toban-takes", way=way.takes)


def _load(step: ProcedureStep, practice: TobanPractice) -> _Compared:
    return _is(step.what in practice.way.programs), Message("backup.toban-loads", way=practice.way.loads)


def _compress(step: ProcedureStep, practice: TobanPractice) -> _Compared:
    compression = practice.way.compression
    if not compression:
        return StepOutcome.UNKNOWN, Message("backup.compression-not-known")
    if compression == "none":
        return StepOutcome.NOT_DONE, Message("backup.toban-compresses-nothing")
    return _is(compression == step.what), Message("backup.toban-compresses", method=compression)


def _store(step: ProcedureStep, practice: TobanPractice) -> _Compared:
    told = Message("backup.toban-stores", place=practice.place)
    if not practice.place:
        return StepOutcome.OTHERWISE, Message("backup.engine-stores", way=practice.way.takes)
    return _is(_is_within(practice.place, _fixed(step.what))), told


def _fetch(step: ProcedureStep, practice: TobanPractice) -> _Compared:
    told = Message("backup.toban-fetches", place=practice.place)
    if not practice.place:
        return StepOutcome.OTHERWISE, Message("backup.engine-stores", way=practice.way.takes)
    root, address = practice.place.rpartition("/")[0], _fixed(step.what)
    is_same = _is_within(address, root)
    if UNTOLD in step.what:
        is_same = is_same or _is_within(practice.place, address)
    return _is(is_same), told


def _fixed(address: str) -> str:
    """Return the folders of *address* that do not depend on the day or on a variable."""
    fixed, untold, _ = address.partition(UNTOLD)
    return fixed.rpartition("/")[0] if untold else fixed.rstrip("/")


def _is_within(place: str, folder: str) -> bool:
    # `s3:/` is left of an address whose bucket is a variable: it is any bucket.
    return f"{place}/".startswith(folder if folder.endswith(":/") else f"{folder}/")


def _check(_step: ProcedureStep, practice: TobanPractice) -> _Compared:
    if practice.is_read_back:
        return StepOutcome.KEPT, Message("backup.toban-reads-back")
    return StepOutcome.KEPT, Message("backup.toban-lists")


def _prune(_step: ProcedureStep, practice: TobanPractice) -> _Compared:
    if practice.is_pruned:
        return StepOutcome.KEPT, Message("backup.toban-prunes")
    return StepOutcome.NOT_DONE, Message("backup.toban-keeps-all")


def _clear(_step: ProcedureStep, _practice: TobanPractice) -> _Compared:
    return StepOutcome.KEPT, Message("backup.toban-restores-into-empty")


def _own(_step: ProcedureStep, _practice: TobanPractice) -> _Compared:
    return StepOutcome.KEPT, Message("backup.tobans-own-command")


def _unknown(_step: ProcedureStep, _practice: TobanPractice) -> _Compared:
    return StepOutcome.UNKNOWN, Message("backup.command-not-known")


_COMPARISONS: Mapping[StepKind, Callable[[ProcedureStep, TobanPractice], _Compared]] = {
    StepKind.TAKE: _take,
    StepKind.COMPRESS: _compress,
    StepKind.STORE: _store,
    StepKind.CHECK: _check,
    StepKind.PRUNE: _prune,
    StepKind.FETCH: _fetch,
    StepKind.INFLATE: _compress,
    StepKind.CLEAR: _clear,
    StepKind.LOAD: _load,
    StepKind.OWN: _own,
    StepKind.UNKNOWN: _unknown,
}
