"""Doubtful settings of a valid `toban.toml`: applications that are a part of nothing. Pure."""

from collections.abc import Iterator

from toban.chapters.errors.bindings import ERRORS
from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.message import Message


def doubts(_design: Design, bindings: Bindings) -> Iterator[Finding]:
    """Name the applications whose target is not bound: no outage would be the cause of their errors."""
    for name, each in ERRORS.of(bindings).items():
        if each.target and each.target not in bindings.targets:
            yield Finding(
                "BD009",
                FindingLevel.WARNING,
                Origin(bindings.file, bindings.lines["errors", name]),
                Message("errors.target-not-bound", application=name, target=each.target),
                f'target = "{each.target}"',
                Message("errors.name-a-target", targets=tuple(bindings.targets) or Message("bindings.none")),
            )
