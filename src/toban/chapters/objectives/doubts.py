"""Doubtful settings in chapter 1's tables of a valid `toban.toml`. Pure."""

from collections.abc import Iterator

from toban.chapters.objectives.bindings import STATUS
from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings


def doubts(_design: Design, bindings: Bindings) -> Iterator[Finding]:
    """Name the services of the public page whose target is not bound: they'd be unknown for ever."""
    status = STATUS.of(bindings)
    for each in status.services if status is not None else ():
        if each.target not in bindings.targets:
            yield Finding(
                "BD009",
                FindingLevel.WARNING,
                Origin(bindings.file, bindings.lines["status", ""]),
                f"公開ページの「{each.name}」を測る対象「{each.target}」がありません",
                f'target = "{each.target}"',
                f'[targets."{each.target}"] を書くか、ある対象を書いてください: '
                f"{'、'.join(bindings.targets) or 'ありません'}",
            )
