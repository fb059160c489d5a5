"""Doubtful settings in chapter 1's tables of a valid `toban.toml`. Pure."""

from collections.abc import Iterator

from toban.chapters.objectives.bindings import STATUS
from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.message import Message


def doubts(_design: Design, bindings: Bindings) -> Iterator[Finding]:
    """Name the services of the public page whose target is not bound: they'd be unknown for ever."""
    status = STATUS.of(bindings)
    for each in status.services if status is not None else ():
        if each.target not in bindings.targets:
            code = "objectives.bind-target-or-name-another" if bindings.targets else "objectives.bind-target"
            section = f'[targets."{each.target}"]'
            yield Finding(
                "BD009",
                FindingLevel.WARNING,
                Origin(bindings.file, bindings.lines["status", ""]),
                Message("objectives.public-service-not-bound", service=each.name, target=each.target),
                f'target = "{each.target}"',
                Message(code, section=section, targets=tuple(bindings.targets)),
            )
