"""The document with what reality is, cell by cell: a proposal, which a person writes. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from toban.design.cells import unified
from toban.design.reading.declared.declaration import DeclaredElsewhere
from toban.design.stated.value import TimeReckoning, rewriting
from toban.engine.drift.found import DriftState, FoundSetting


@dataclass(frozen=True, slots=True)
class DriftPatch:
    """What would make the document say how reality is."""

    before: str
    after: str
    """The whole document."""
    taken: Sequence[FoundSetting] = ()
    left: Sequence[FoundSetting] = ()
    """What no cell can say without the document being read otherwise."""

    def diff(self, document: str) -> str:
        """Return it as a unified diff of the file *document*; empty if nothing is to change."""
        return unified(self.before, self.after, document)


def patch(
    text: str,
    found: Iterable[FoundSetting],
    reckoning: TimeReckoning,
    declared: tuple[DeclaredElsewhere, ...] = (),
) -> DriftPatch:
    """Return the document *text* with what is *found* to be different; raise `UnreadableDocument`.

    *declared* is what the bindings say about how it is read.
    """
    after, taken, left = text, [], []
    for each in found:
        if each.state is not DriftState.DIFFERENT or each.seen is None:
            continue
        setting = each.setting
        changed = rewriting(after, setting.row, (setting.value, each.seen.real), reckoning, declared)
        if changed is None:
            left.append(each)
        # The file may be ahead of what is in force.
        elif changed != after:
            after = changed
            taken.append(each)
    return DriftPatch(text, after, taken, left)
