"""Doubtful settings in the tables of patches of a valid `toban.toml`. Pure."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from toban.chapters.patching.bindings import PATCHES, PatchGroupBinding, hosts_twice, patch_rows, timed_by
from toban.chapters.patching.manager import PATCHING
from toban.chapters.patching.upgrade import Stage
from toban.chapters.patching.windows import bound_spans, opens_for
from toban.design.acts import each_once
from toban.design.clauses.objectives import MaintenanceWindow
from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.design.reader import Design
from toban.engine.amounts import length
from toban.engine.bindings.model import Bindings
from toban.engine.bindings.toml import key
from toban.engine.calendar.due import due_times
from toban.engine.spans import merged
from toban.message import Message, plain

_A_YEAR = (datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
"""Any year: what is asked of it holds for those that follow."""


def doubts(design: Design, bindings: Bindings) -> Iterator[Finding]:
    """Name what keeps hosts from being patched although all of it is valid."""
    configs = {name: each.config for name, each in PATCHING.of(bindings).items()}
    yield from _in_several_groups(bindings, configs)
    serving = [each for each in configs.values() if each.stage is Stage.PRODUCTION]
    if serving:
        yield from _without_window(design, bindings, min(each.within for each in serving))


def _in_several_groups(bindings: Bindings, configs: Mapping[str, PatchGroupBinding]) -> Iterator[Finding]:
    for host, names in hosts_twice(configs).items():
        yield _finding(
            bindings,
            ("patching", names[-1]),
            Message("patching.host-in-groups", host=host, groups=names),
            f"[patching.{key(names[-1])}]",
            Message("patching.name-it-once"),
        )


def _without_window(design: Design, bindings: Bindings, needs: timedelta) -> Iterator[Finding]:
    """Yield the rows after whose day no window opens as long as production waits for one."""
    terms, system = PATCHES.of(bindings), bindings.system
    stated = (
        [terms.window]
        if terms.window is not None
        else [each.schedule for each in design.of(MaintenanceWindow)]
    )
    if not stated:
        # People announce each of them.
        return
    year = _A_YEAR[0], _A_YEAR[1] + terms.wait
    spans = merged(span for each in stated for span in bound_spans(each, year, system.zone, system.business))
    for row, schedule in each_once(patch_rows(design), design):
        due = list(due_times(timed_by(schedule, terms), system, *_A_YEAR))
        missed = [each for each in due if not opens_for(spans, each, terms.wait, needs)]
        if missed:
            yield _finding(
                bindings,
                ("patches", ""),
                Message(
                    "patching.window-never-follows",
                    name=row.name,
                    missed=len(missed),
                    due=len(due),
                    wait=length(terms.wait),
                    windows=tuple(plain(each.text) for each in stated),
                ),
                row.text,
                Message("patching.move-the-window"),
            )


def _finding(bindings: Bindings, place: tuple[str, str], said: Message, quote: str, hint: Message) -> Finding:
    origin = Origin(bindings.file, bindings.lines.get(place, 1))
    return Finding("BD011", FindingLevel.WARNING, origin, said, quote, hint)
